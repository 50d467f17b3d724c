using System.Text.Json;

namespace Tieout.Core.Ledger;

/// <summary>Decides a command of a person, and records who did what to what, and what came of it, in the same write set (U1).</summary>
internal static class AuditRules
{
    public static Outcome Decide(Draft draft, Command command, AuditAction action)
    {
        var before = Before(draft, command);
        var outcome = Rule(draft, command, action);
        var text = outcome switch
        {
            Outcome.Refused refused => $"refused:{JsonNamingPolicy.SnakeCaseLower.ConvertName(refused.Reason.ToString())}",
            Outcome.Proposed => "proposed",
            Outcome.Replayed => "unchanged",
            _ => command is Command.RecordAudit record ? record.Result : "done",
        };
        draft.Add(new AuditRow(0, OrgOf(draft, command), action.Actor, action.Action, action.Target, AuditContent.Shown(before),
            AuditContent.Shown(action.After ?? After(command)), text, draft.Now, Crc: 0));
        return outcome;
    }

    private static Outcome Rule(Draft draft, Command command, AuditAction action)
    {
        if (MoneyByHand.Frozen(draft, command, action) is { } frozen) return frozen;
        if (action.Approval is not { } terms || command is Command.ApproveProposal) return LedgerRules.Rule(draft, command);
        if (MoneyByHand.NeedsApproval(draft, command, action.Person, terms, out var moves)) return ProposalRules.Propose(draft, command, action, moves);
        var outcome = LedgerRules.Rule(draft, command);
        if (outcome is Outcome.Done && moves is { } alone) MovedAlone.Add(draft, command.OrgId!, action.Person, alone.Nanos);
        return outcome;
    }

    /// <summary>What the command replaces, as of this decision.</summary>
    private static string? Before(Draft draft, Command command) => command switch
    {
        Command.Record c => draft.Setting(c.Kind, c.Org, c.Name)?.Body,
        Command.AddRecord c => draft.Record(c.Key)?.Body,
        Command.SetBudget c => draft.Setting(SettingKind.Budget, c.Budget.Scope.Org, c.Budget.Id)?.Body,
        Command.ClosePeriod c =>
            draft.Org(c.Org)?.ClosedThrough is { } through ? Details.Write(json => json.WriteString("closed_through", through.ToString())) : null,
        Command.EndObject c => draft.Object(c.Org, c.Kind, c.Id)?.Object.Body,
        Command.ApproveProposal c => Before(draft, c.Action),
        Command.Together { Parts: [var first, ..] } => Before(draft, first),
        Command.TopUp c => Balance(draft, c.Org),
        Command.Grant c => Balance(draft, c.Org),
        Command.Correct c => Balance(draft, c.Org),
        Command.ChargeRecorded c => Balance(draft, c.Org),
        _ => null,
    };

    private static string? Balance(Draft draft, string org) =>
        draft.Org(org) is { } state ? Details.Write(json => json.WriteString("balance", draft.Account(state, AccountKind.Customer).Balance.ToString())) : null;

    /// <summary>What the command asks for.</summary>
    private static string? After(Command command) => command switch
    {
        Command.Record c => c.Body,
        Command.AddRecord c => c.Body,
        Command.OpenOrg c => c.Org.ToJson(),
        Command.SetBudget c => c.Budget.ToJson(),
        Command.ClosePeriod c => Details.Write(json => json.WriteString("closed_through", c.Through.ToString())),
        Command.KeepObject c => c.Object.Body,
        Command.RecordAudit => null,
        Command.ApproveProposal c => Decision(c.Proposal, "approved", reason: null, c.Action),
        Command.RejectProposal c => Decision(c.Proposal, "rejected", c.Reason, action: null),
        _ => CommandText.Write(command),
    };

    private static string Decision(string proposal, string decision, string? reason, Command? action) => Details.Write(json =>
    {
        json.WriteString("proposal", proposal);
        json.WriteString("decision", decision);
        if (reason is not null) json.WriteString("reason", reason);
        if (action is null) return;
        json.WritePropertyName("content");
        json.WriteRawValue(CommandText.Write(action), skipInputValidation: true);
    });

    /// <summary>An attempt that no hold is known of has no org, so the platform has the record.</summary>
    private static string OrgOf(Draft draft, Command command) =>
        command.OrgId ?? (command.AttemptId is { } id ? draft.Attempt(id)?.Hold?.Scope.Org : null) ?? "";
}
