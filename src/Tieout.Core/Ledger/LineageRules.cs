using Tieout.Core.Tenancy;

namespace Tieout.Core.Ledger;

/// <summary>An envelope's lineage is appended to at its end only, and by one text of the envelope only (A1).</summary>
/// <remarks>Whether a link is what it says is a matter of the envelope's key, which is not here; that nothing comes between two links, and nothing twice, is
/// decided here.</remarks>
internal static class LineageRules
{
    /// <summary>A step by itself: it goes with no hold and no charge.</summary>
    public static Outcome Hop(Draft draft, Command.RecordHop command)
    {
        var (row, step) = (command.Lineage.Row, command.Lineage.Row.Step);
        if (draft.LineageHead(command.Org, command.OperationId, row.Issuance) is { } head && head.Link.AsSpan().SequenceEqual(row.Link))
        {
            return new Outcome.Replayed(0, Figures.None);
        }

        foreach (var name in (ReadOnlySpan<string>)[command.OperationId, row.Issuance, step.Id, step.Target])
        {
            if (!Names.IsValid(name)) return LedgerRules.Refuse(Refusal.NameInvalid, name);
        }

        if (draft.Org(command.Org) is null) return LedgerRules.Refuse(Refusal.OrgNotFound);
        if (ValidateStep(draft, command.Org, command.OperationId, command.Lineage) is { } flaw) return LedgerRules.Refuse(flaw);
        draft.Add(command.Org, command.OperationId, command.Lineage);
        return new Outcome.Done(0, Figures.None);
    }

    /// <summary>Why a step cannot be appended; null: it can.</summary>
    public static Refusal? ValidateStep(Draft draft, string org, string operationId, LineageAppend append)
    {
        if (append.Row.No > draft.Limits.LineageSteps) return Refusal.TooManySteps;
        if (draft.LineageHead(org, operationId, append.Row.Issuance) is not { } head) return append.Row.No == 1 ? null : Refusal.LineageMoved;
        if (!append.TokenSha256.AsSpan().SequenceEqual(head.TokenSha256)) return Refusal.EnvelopeDiffers;
        return append.Row.No == head.No + 1 && append.Previous.AsSpan().SequenceEqual(head.Link) ? null : Refusal.LineageMoved;
    }
}
