namespace Tieout.Core.Ledger;

/// <summary>One step in the life of an issuance.</summary>
/// <param name="Id">The attempt's (usage) id, or the hop's.</param>
/// <param name="AttemptNo">From 1. Outside the envelope, which stays the same.</param>
/// <param name="Executor">The key that carried it out: who acted, never who pays (A2).</param>
/// <param name="Target">Where it went: a provider and model, a queue.</param>
public sealed record LineageStep(LineageKind Kind, string Id, int AttemptNo, string Executor, string Target, Instant At);

/// <summary>Stored: a released value is never renumbered.</summary>
public enum LineageKind
{
    Attempt = 1,
    Hop = 2,
}

/// <summary>A step with its place in the chain of its issuance, keyed by (issuance, no).</summary>
/// <param name="Link">HMAC-SHA256, 32 bytes.</param>
public sealed record LineageRow(string Issuance, int No, LineageStep Step, byte[] Link);

/// <summary>A step to be appended with the command that takes it.</summary>
/// <param name="Previous">What it hangs on: the last link stored for the issuance, or of a new one its root. If another came first, the command is refused and
/// nothing is done.</param>
/// <param name="KeyId">The envelope key whose lineage key made the link.</param>
/// <param name="TokenSha256">Of the envelope's text. It is the same on every step of an issuance (A1).</param>
public sealed record LineageAppend(byte[] Previous, string KeyId, byte[] TokenSha256, LineageRow Row)
{
    /// <summary>The envelope was made for this very command: nothing of it can be stored, so stores need not look for it.</summary>
    public bool IsNew { get; init; }

    /// <summary>Whether <paramref name="fits"/> is true of every text of the step.</summary>
    public bool TextsFit(Func<string?, bool> fits) =>
        fits(KeyId) && fits(Row.Issuance) && fits(Row.Step.Id) && fits(Row.Step.Executor) && fits(Row.Step.Target);
}

/// <summary>A step as it is stored.</summary>
/// <param name="Seq">Its place among all steps, from 1.</param>
public sealed record LineageEntry(long Seq, string Org, string OperationId, string KeyId, byte[] TokenSha256, LineageRow Row, uint Crc) : ChainedRow(Crc);

/// <summary>Where the lineage of an issuance ends so far.</summary>
public sealed record LineageHead(int No, byte[] Link, byte[] TokenSha256);
