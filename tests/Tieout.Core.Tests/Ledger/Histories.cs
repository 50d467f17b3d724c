using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Core.Tests.Ledger;

/// <summary>Random histories of commands. Few ids, few accounts and tight budgets on purpose: replays, conflicts and refusals must be common, not
/// rare.</summary>
internal static class Histories
{
    /// <param name="Seconds">How far the clock moves before the command.</param>
    internal sealed record Step(int Seconds, Func<MemoryLedger, Command> Make, string Text)
    {
        public override string ToString() => Text;
    }

    private static readonly Gen<UsageLabels> AnyLabels =
        from org in Gen.Elements("acme", "acme", "beta")
        from team in Gen.Elements<string?>("red", "blue", null)
        from key in Gen.Elements<string?>("k1", "k2", null)
        from feature in Gen.Elements<string?>("chat", null)
        select Make.Labels(org, team, key, feature);

    private static readonly Gen<string?> AnyUser = Gen.Elements<string?>("u1", "u2", null);

    private static readonly Gen<Step> AnyStep = Gen.Frequency(
        (30, from id in Gen.Choose(1, 25)
             from amount in Gen.Choose(-1, 60)
             from labels in AnyLabels
             from user in AnyUser
             from seconds in Gen.Choose(1, 4_000)
             select Of(0, ledger => Make.Hold(ledger, id, amount, labels, user, seconds),
                 $"hold {id} {amount} {labels.Org}/{labels.Team}/{labels.Key} {user} for {seconds}")),
        (25, from id in Gen.Choose(1, 25) from charge in Gen.Choose(-1, 70) select Of(0, ledger => SettleAsHeld(ledger, id, charge), $"settle {id} {charge}")),
        (10, from id in Gen.Choose(1, 25)
             from charge in Gen.Choose(0, 30)
             from inside in Gen.Choose(-1, 30).ListOf(2)
             from firstInside in Gen.Choose(20, 60)
             select Of(0, ledger => SettleAsHeld(ledger, id, charge, inside.Select((amount, i) => (firstInside + i, amount))),
                 $"settle {id} {charge} with {string.Join(',', inside)} inside from {firstInside}")),
        (4, from id in Gen.Choose(1, 5)
            from isPending in Gen.Elements(true, false)
            from org in Gen.Elements("acme", "beta", "nobody")
            select Of(0, _ => new Command.KeepObject(Make.Object($"resp_{id}", org, isPending)), $"keep resp_{id} of {org} {(isPending ? "pending" : "")}")),
        (4, from id in Gen.Choose(1, 6)
            from how in Gen.Elements("{}", "{\"n\":1}")
            select Of(
            0, _ => new Command.EndObject("acme", ObjectKind.Response, $"resp_{id}", how), $"end resp_{id} {how}")),
        (15, from id in Gen.Choose(1, 25)
             from charge in Gen.Choose(0, 60)
             from labels in AnyLabels
             from user in AnyUser
             from fact in Gen.Elements(true, false)
             from days in Gen.Choose(0, 45)
             select Of(0, ledger => Make.Charge(id, charge, labels, user, ledger.Now - TimeSpan.FromDays(days), fact),
                 $"charge {id} {charge} {labels.Org} {(fact ? "fact" : "")} {days} days ago")),
        (6, from id in Gen.Choose(1, 25) select Of(0, _ => new Command.Release(Make.Id(id)), $"release {id}")),
        (6, from id in Gen.Choose(1, 25) select Of(0, _ => new Command.ExpireHold(Make.Id(id)), $"expire {id}")),
        (8, from id in Gen.Choose(1, 5)
            from org in Gen.Elements("acme", "beta")
            from amount in Gen.Choose(0, 200)
            select Of(
            0, _ => Make.TopUp(amount, $"t{id}", org), $"top up t{id} {org} {amount}")),
        (4, from id in Gen.Choose(1, 4)
            from amount in Gen.Choose(1, 80)
            from priority in Gen.Choose(0, 1)
            from hours in Gen.Choose(1, 30)
            select Of(0, ledger => new Command.Grant($"g{id}", "acme", new Amount(amount), priority, ledger.Now + TimeSpan.FromHours(hours)),
                $"grant g{id} {amount}")),
        (4, from id in Gen.Choose(1, 4) select Of(0, _ => new Command.ExpireGrant("acme", $"g{id}"), $"expire grant g{id}")),
        (5, from id in Gen.Choose(1, 6)
            from posting in Gen.Choose(1, 12)
            from amount in Gen.Choose(-1, 50)
            select Of(0, _ => new Command.Correct($"c{id}", "acme", posting, amount < 0 ? null : new Amount(amount), "found"),
                $"correct c{id} posting {posting} to {amount}")),
        (6, from posting in Gen.Choose(1, 12)
            from other in Gen.Choose(1, 12)
            from id in Gen.Choose(1, 25)
            from amount in Gen.Choose(-1, 60)
            select Of(0, ledger => Make.Recharge([posting, other], Make.Charge(id, amount, at: ledger.Now, fact: true)),
                $"recharge {posting} {other} by {id} {amount}")),
        (4, from scope in AnyScope
            from window in Gen.Elements(WindowUnit.Minute, WindowUnit.Hour, WindowUnit.Day, WindowUnit.Month, WindowUnit.Total)
            from limit in Gen.Choose(0, 150)
            from hard in Gen.Elements(true, false)
            select Of(0, _ => Make.Budget(limit, scope, window, hard), $"budget {scope} {window} {limit} {(hard ? "hard" : "soft")}")),
        (4, from id in Gen.Choose(1, 4)
            from org in Gen.Elements("acme", "beta", "nobody")
            from depth in Gen.Choose(1, 2)
            select Of(0, _ => new Command.Announce($"alert/{id}", org, "alert.test", $"{{\"depth\":{depth}}}"), $"announce {id} to {org} {depth}")),
        (2, from months in Gen.Choose(1, 2) select Of(0, ledger => new Command.ClosePeriod("acme", Back(ledger.Now, months)), $"close {months} back")),
        (8, from seconds in Gen.Choose(1, 90_000) select Of(seconds, _ => new Command.Release(Make.Id(99)), $"wait {seconds}")));

    private static Gen<BudgetScope> AnyScope => Gen.Elements(
        new BudgetScope("acme"), new BudgetScope("acme", Team: "red"), new BudgetScope("acme", Key: "k1"), new BudgetScope("acme", User: "u1"),
        new BudgetScope("acme", User: BudgetScope.EachUser), new BudgetScope("acme", Feature: "chat"), new BudgetScope("beta", Team: "blue"));

    // A generator alone does not shrink. Leaving out one step at a time is enough for a short counterexample.
    public static readonly Arbitrary<List<Step>> Any = Arb.From(
        AnyStep.ListOf().Select(steps => steps.ToList()),
        steps => steps.Select((_, omitted) => steps.Where((_, index) => index != omitted).ToList()));

    /// <summary>Three orgs: prepaid with 300, prepaid with a credit line, and what a step does.</summary>
    public static MemoryLedger Begin()
    {
        var ledger = new MemoryLedger();
        ledger.Submit([Make.OpenOrg("acme")]);
        ledger.Submit([Make.OpenOrg("beta", BillingMode.Postpaid, creditLine: 100)]);
        ledger.Submit(Make.TopUp(300, "start"));
        return ledger;
    }

    public static Outcome Take(MemoryLedger ledger, Step step)
    {
        ledger.Now += TimeSpan.FromSeconds(step.Seconds + 1);
        return ledger.Submit(step.Make(ledger));
    }

    private static Step Of(int seconds, Func<MemoryLedger, Command> make, string text) => new(seconds, make, text);

    // A gateway settles with the scope it held with; a foreign scope is the refusal table's business.
    private static Command.Settle SettleAsHeld(MemoryLedger ledger, int id, int charge, IEnumerable<(int Id, int Charge)>? inside = null)
    {
        var hold = ledger.Book.Attempt(Make.Id(id))?.Hold;
        PricedUsage Priced(int of, int amount) => Make.Priced(of, amount, hold?.Scope, hold?.EndUser, hold?.HeldAt ?? ledger.Now);
        return new Command.Settle(Priced(id, charge)) { Inside = [.. (inside ?? []).Select(part => Priced(part.Id, part.Charge))] };
    }

    private static Month Back(Instant now, int months)
    {
        var day = now.ToDateTimeOffset().AddMonths(-months);
        return new(day.Year, day.Month);
    }
}
