namespace Tieout.Core.Ledger;

/// <summary>What the ledger announces in the commit that appends a record. A replay announces nothing.</summary>
/// <param name="Message">A message for the outbox; null: none.</param>
/// <param name="Finding">The finding that the record opens; null: none.</param>
/// <param name="OnChangeOf">A member of the body: nothing is announced if the newest record of the name has the same value in it. Null: every record is
/// announced.</param>
public sealed record RecordAnnouncement(RecordMessage? Message = null, OpenedFinding? Finding = null, string? OnChangeOf = null)
{
    /// <summary>Whether <paramref name="fits"/> is true of every text.</summary>
    internal bool TextsFit(Func<string?, bool> fits) =>
        fits(OnChangeOf) && (Message is not { } message || (fits(message.Id) && fits(message.Type) && fits(message.Body)))
        && (Finding is not { } finding || (fits(finding.Code.Name) && fits(finding.Code.Severity) && fits(finding.Detail)));
}

/// <param name="Id">Counts once within the org. Where a name can be recorded again, the ledger appends the record's number.</param>
/// <param name="Type">For example <c>invoice.issued</c>.</param>
/// <param name="Body">A JSON object; null: the record's body.</param>
public sealed record RecordMessage(string Id, string Type, string? Body = null);

/// <param name="Detail">A JSON object; null: the record's body.</param>
public sealed record OpenedFinding(FindingCode Code, string? Detail = null);
