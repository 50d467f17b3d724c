namespace Tieout.Core.Ledger;

/// <summary>An envelope's lineage is appended to at its end only, and by one text of the envelope only (A1).</summary>
/// <remarks>Whether a link is what it says is a matter of the envelope's key, which is not here; that nothing comes between two links, and nothing twice, is decided here.</remarks>
internal static class LineageRules
{
    /// <summary>Why a step cannot be appended; null: it can.</summary>
    public static Refusal? Flaw(Draft draft, string org, string operationId, LineageAppend append)
    {
        if (draft.LineageHead(org, operationId, append.Row.Issuance) is not { } head) return append.Row.No == 1 ? null : Refusal.LineageMoved;
        if (!append.TokenSha256.AsSpan().SequenceEqual(head.TokenSha256)) return Refusal.EnvelopeDiffers;
        return append.Row.No == head.No + 1 && append.Previous.AsSpan().SequenceEqual(head.Link) ? null : Refusal.LineageMoved;
    }
}
