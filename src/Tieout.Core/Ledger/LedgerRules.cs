using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>The rules of the ledger. Pure: no clock, no store, no randomness; equal inputs, equal write set.</summary>
public static class LedgerRules
{
    /// <summary>Decides a batch. Each command sees what those before it in the batch did.</summary>
    /// <param name="book">Everything the commands touch; see <see cref="Book"/>. Not changed.</param>
    /// <param name="now">The time of the decision: what is recorded, and what expiry is measured against.</param>
    /// <exception cref="InvariantBrokenException">We are wrong. Nothing of the batch may be committed.</exception>
    public static WriteSet Decide(Book book, IReadOnlyList<Command> commands, Instant now)
    {
        var draft = new Draft(book, now, commands.Count);
        var outcomes = ImmutableArray.CreateBuilder<Outcome>(commands.Count);
        for (var i = 0; i < commands.Count; i++) outcomes.Add(Decide(draft, commands[i]));
        return draft.Finish(outcomes.MoveToImmutable());
    }

    private static Outcome Decide(Draft draft, Command command) => command.Audit is { } action ? AuditRules.Decide(draft, command, action) : Rule(draft, command);

    /// <summary>Decides by the command's own rule, without a record of who asked.</summary>
    internal static Outcome Rule(Draft draft, Command command)
    {
        var before = draft.Extent;
        var outcome = OwnRule(draft, command);
        if (outcome is Outcome.Refused) draft.HoldsUnchanged(before);
        return outcome;
    }

    private static Outcome OwnRule(Draft draft, Command command) => command switch
    {
        Command.PlaceHold hold => HoldRules.Place(draft, hold),
        Command.Settle settle => ChargeRules.Settle(draft, settle),
        Command.Charge charge => ChargeRules.Charge(draft, charge),
        Command.Release release => HoldRules.Release(draft, release),
        Command.ExpireHold expire => HoldRules.Expire(draft, expire),
        Command.TopUp topUp => MoneyRules.TopUp(draft, topUp),
        Command.Grant grant => MoneyRules.Grant(draft, grant),
        Command.ExpireGrant expire => MoneyRules.ExpireGrant(draft, expire),
        Command.ChargeRecorded charge => CorrectionRules.Charge(draft, charge),
        Command.Correct correct => CorrectionRules.Correct(draft, correct),
        Command.Recharge recharge => CorrectionRules.Recharge(draft, recharge),
        Command.RecordHop hop => LineageRules.Hop(draft, hop),
        Command.KeepObject keep => ObjectRules.Keep(draft, keep),
        Command.EndObject end => ObjectRules.End(draft, end),
        Command.OpenOrg open => SettingRules.OpenOrg(draft, open),
        Command.SetBudget set => SettingRules.SetBudget(draft, set),
        Command.ClosePeriod close => SettingRules.ClosePeriod(draft, close),
        Command.Record record => SettingRules.Record(draft, record),
        Command.AddRecord add => RecordRules.Add(draft, add),
        Command.Announce announce => OutboxRules.Announce(draft, announce),
        Command.Together together => TogetherRules.Decide(draft, together),
        Command.ApproveProposal approve => ProposalRules.Approve(draft, approve),
        Command.RejectProposal reject => ProposalRules.Reject(draft, reject),
        Command.RecordAudit => command.Audit is not null ? new Outcome.Done(0, Figures.None) : throw new ArgumentException("A record of an action needs the action.", nameof(command)),
        _ => throw new UnreachableException($"No rule for {command}."),
    };

    internal static Outcome.Refused Refuse(Refusal reason, string? limit = null, Amount? left = null) => new(reason, limit, left);

    /// <summary>A limit, as refusals name it.</summary>
    internal static string Number(int limit) => limit.ToString(CultureInfo.InvariantCulture);

    /// <summary>What is wrong with an amount of money to be moved or set aside; null: nothing.</summary>
    internal static Refusal? ValidateAmount(Amount amount, bool zeroIsFine) =>
        amount < Amount.Zero || (amount == Amount.Zero && !zeroIsFine) ? Refusal.AmountNotPositive
        : amount > Amount.TransferMax ? Refusal.AmountTooLarge
        : null;

    /// <summary>Whether both sides of an account have room for <paramref name="amount"/>, so that overflow is a refusal and never an exception.</summary>
    internal static bool Fits(Account account, Amount amount)
    {
        var room = Amount.SumMax - amount;
        return account.Credits <= room && account.Debits <= room && account.Held <= room;
    }
}
