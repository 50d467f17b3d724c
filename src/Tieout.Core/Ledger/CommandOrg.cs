namespace Tieout.Core.Ledger;

/// <summary>The org that a command is about: its rows lie there, and so does the record of who asked for it.</summary>
public static class CommandOrg
{
    /// <summary>The org; empty: the platform; null: the command names an attempt only.</summary>
    public static string? Of(Command command) => command switch
    {
        Command.PlaceHold c => c.Labels.Org,
        Command.Settle c => c.Usage.Usage.Labels.Org,
        Command.Charge c => c.Usage.Usage.Labels.Org,
        Command.TopUp c => c.Org,
        Command.Grant c => c.Org,
        Command.ExpireGrant c => c.Org,
        Command.ChargeRecorded c => c.Org,
        Command.Correct c => c.Org,
        Command.Recharge c => c.Org,
        Command.RecordHop c => c.Org,
        Command.KeepObject c => c.Object.Org,
        Command.EndObject c => c.Org,
        Command.OpenOrg c => c.Org.Id,
        Command.SetBudget c => c.Budget.Scope.Org,
        Command.ClosePeriod c => c.Org,
        Command.Record c => c.Org,
        Command.Announce c => c.Org,
        Command.Together c => c.Org,
        Command.ApproveProposal c => c.Org,
        Command.RejectProposal c => c.Org,
        Command.RecordAudit c => c.Org,
        _ => null,
    };
}
