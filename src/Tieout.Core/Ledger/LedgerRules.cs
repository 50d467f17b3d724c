using System.Collections.Immutable;
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

    private static Outcome Decide(Draft draft, Command command) =>
        command.Audit is { } action ? AuditRules.Decide(draft, command, action) : Rule(draft, command);

    /// <summary>Decides by the command's own rule, without a record of who asked.</summary>
    internal static Outcome Rule(Draft draft, Command command)
    {
        var before = draft.Extent;
        var outcome = command.Decide(draft);
        if (outcome is Outcome.Refused) draft.HoldsUnchanged(before);
        return outcome;
    }

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
