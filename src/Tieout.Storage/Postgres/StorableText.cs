using System.Buffers;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;

namespace Tieout.Storage.Postgres;

/// <summary>PostgreSQL's text has no character U+0000 and no half of a surrogate pair. What bears one is refused by itself, before it could fail the batch it is in.</summary>
internal static class StorableText
{
    private static readonly SearchValues<char> Suspect = SearchValues.Create([.. Enumerable.Range(0xD800, 0x800).Select(code => (char)code), '\0']);

    public static readonly Outcome.Refused Refusal = new(Core.Ledger.Refusal.NameInvalid, "text");

    public static bool IsIn(Command command) => (command.Audit is not { } action || IsIn(action)) && IsInOf(command);

    private static bool IsIn(AuditAction action) =>
        Fits(action.Actor.Id) && Fits(action.Actor.CorrelationId) && Fits(action.Actor.Address) && Fits(action.Actor.Agent) && Fits(action.Target) && Fits(action.After)
        && (action.Approval is not { } terms || (Fits(terms.ProposalId) && Fits(terms.Reason)));

    private static bool IsInOf(Command command) => command switch
    {
        Command.Charge charge => IsIn(charge.Usage.Usage),
        Command.Settle settle => IsIn(settle.Usage.Usage) && settle.Inside.All(part => IsIn(part.Usage)),
        Command.PlaceHold hold => IsIn(hold.Labels) && Fits(hold.EndUser) && Fits(hold.OperationId),
        Command.TopUp topUp => Fits(topUp.Id) && Fits(topUp.Org),
        Command.Grant grant => Fits(grant.Id) && Fits(grant.Org),
        Command.ExpireGrant expire => Fits(expire.GrantId) && Fits(expire.Org),
        Command.ChargeRecorded charge => Fits(charge.Id) && Fits(charge.Org) && Fits(charge.Reason),
        Command.Correct correct => Fits(correct.Id) && Fits(correct.Org) && Fits(correct.Reason),
        Command.Recharge recharge => Fits(recharge.Org) && recharge.Parts.All(IsIn),
        Command.Record record => Fits(record.Org) && Fits(record.Name) && Fits(record.Body),
        Command.Announce announce => Fits(announce.Org) && Fits(announce.Id) && Fits(announce.Type) && Fits(announce.Body),
        Command.KeepObject { Object: var what } => Fits(what.Org) && Fits(what.Id) && Fits(what.Key) && Fits(what.OperationId) && Fits(what.Body),
        Command.Together together => Fits(together.Org) && together.Parts.All(IsIn),
        Command.ApproveProposal approve => Fits(approve.Org) && Fits(approve.Proposal) && IsIn(approve.Action),
        Command.RejectProposal reject => Fits(reject.Org) && Fits(reject.Proposal) && Fits(reject.Reason),
        Command.RecordAudit record => Fits(record.Org) && Fits(record.Result),
        Command.EndObject end => Fits(end.Org) && Fits(end.Id) && Fits(end.Body),
        _ => true,
    };

    private static bool IsIn(UsageRecord usage) =>
        IsIn(usage.Labels) && Fits(usage.OperationId) && Fits(usage.WorkflowId) && Fits(usage.CorrelationId) && Fits(usage.TraceId) && Fits(usage.EndUser) && Fits(usage.Counts.More);

    private static bool IsIn(UsageLabels labels) =>
        Fits(labels.Org) && Fits(labels.Project) && Fits(labels.Team) && Fits(labels.Key) && Fits(labels.Feature) && Fits(labels.Provider) && Fits(labels.Model) && Fits(labels.Trigger)
        && (labels.Runtime is not { } runtime || (Fits(runtime.AppInstance) && Fits(runtime.Component) && Fits(runtime.OperatingMode) && Fits(runtime.ControlPlaneScope) && Fits(runtime.Backend)));

    private static bool Fits(string? text)
    {
        if (text is null || text.AsSpan().IndexOfAny(Suspect) < 0) return true;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0') return false;
            if (!char.IsSurrogate(text[i])) continue;
            if (!char.IsHighSurrogate(text[i]) || ++i == text.Length || !char.IsLowSurrogate(text[i])) return false;
        }

        return true;
    }
}
