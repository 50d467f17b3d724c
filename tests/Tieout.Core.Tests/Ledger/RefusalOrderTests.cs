using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Ledger;

/// <summary>Every refusal at least once, in the order in which its rule is tried: each command breaks every rule below the one it is there for.</summary>
public sealed class RefusalOrderTests
{
    private static readonly Amount TooLarge = Amount.TransferMax + new Amount(1);

    [Fact]
    public void Holds_are_refused_in_the_order_of_the_rules()
    {
        var ledger = Prepared();
        Command Hold(int id, long nanos, string org, TimeSpan lifetime) =>
            new Command.PlaceHold(Make.Id(id), Make.Labels(org), null, "op", new Amount(nanos), lifetime);
        var (late, soon) = (TimeSpan.Zero, TimeSpan.FromSeconds(60));

        Check(ledger,
            (Hold(1, 10, "acme", soon), null),
            (Hold(1, -10, "nobody", late), Refusal.IdReused),
            (Hold(2, -10, "nobody", late), Refusal.AmountNotPositive),
            (new Command.PlaceHold(Make.Id(2), Make.Labels("nobody"), null, "op", TooLarge, late), Refusal.AmountTooLarge),
            (Hold(2, 5_000, "nobody", late), Refusal.OrgNotFound),
            (Hold(2, 5_000, "acme", late), Refusal.AlreadyExpired),
            (Hold(2, 5_000, "acme", soon), Refusal.InsufficientBalance),
            (Hold(2, 600, "acme", soon), Refusal.BudgetExhausted),
            (Hold(2, 490, "acme", soon), null));
    }

    [Fact]
    public void Ends_of_holds_are_refused_in_the_order_of_the_rules()
    {
        var ledger = Prepared();
        ledger.Submit(Make.Hold(ledger, 1, 10));
        ledger.Submit(Make.Hold(ledger, 2, 10));
        var elsewhere = Make.Labels(team: "other");

        Check(ledger,
            (Make.Settle(9, -1, elsewhere), Refusal.HoldNotFound),
            (Make.Settle(1, -1, elsewhere), Refusal.AmountNotPositive),
            (new Command.Settle(Make.Priced(1, 1, elsewhere) with { Charge = TooLarge }), Refusal.AmountTooLarge),
            (Make.Settle(1, 1, elsewhere), Refusal.ScopeChanged),
            (Make.Settle(1, 4), null),
            (Make.Settle(1, 5, elsewhere), Refusal.IdReused),
            (new Command.Release(Make.Id(9)), Refusal.HoldNotFound),
            (new Command.Release(Make.Id(1)), Refusal.HoldEnded),
            (new Command.ExpireHold(Make.Id(9)), Refusal.HoldNotFound),
            (new Command.ExpireHold(Make.Id(1)), Refusal.HoldEnded),
            (new Command.ExpireHold(Make.Id(2)), Refusal.HoldNotExpired),
            (new Command.Release(Make.Id(2)), null));
    }

    [Fact]
    public void Settlements_with_calls_inside_are_refused_in_the_order_of_the_rules()
    {
        var ledger = Prepared();
        ledger.Submit(Make.Hold(ledger, 1, 10));
        ledger.Submit(Make.Hold(ledger, 2, 10));
        ledger.Submit(Make.Charge(7, 1, at: ledger.Now));
        var elsewhere = Make.Labels(team: "other");
        Command Settle(long charge, params PricedUsage[] inside) => new Command.Settle(Make.Priced(1, charge)) { Inside = [.. inside] };

        Check(ledger,
            (Settle(-1, Make.Priced(7, -1, elsewhere)), Refusal.IdReused),
            (Settle(-1, Make.Priced(1, -1, elsewhere)), Refusal.IdReused),
            (Settle(-1, Make.Priced(8, 1), Make.Priced(8, 1)), Refusal.IdReused),
            (Settle(-1, Make.Priced(8, -1, elsewhere)), Refusal.AmountNotPositive),
            (Settle(1, Make.Priced(8, -1, elsewhere)), Refusal.AmountNotPositive),
            (Settle(1, Make.Priced(8, 1, elsewhere)), Refusal.ScopeChanged),
            (Settle(1, Make.Priced(8, TooLarge.Nanos)), Refusal.AmountTooLarge),
            (Settle(1, Make.Priced(8, 2), Make.Priced(9, 3)), null),
            (Settle(1, Make.Priced(8, 2), Make.Priced(9, 4)), Refusal.IdReused),
            (Settle(1, Make.Priced(8, 2), Make.Priced(10, 3)), Refusal.IdReused));
    }

    [Fact]
    public void Objects_are_refused_in_the_order_of_the_rules()
    {
        var ledger = Prepared();
        var kept = Make.Object("resp_1");
        var wrong = kept with { Id = "resp 2", Key = "", Org = "nobody" };
        Command End(string id, string body) => new Command.EndObject("acme", ObjectKind.Response, id, body);

        Check(ledger,
            (new Command.KeepObject(kept), null),
            (new Command.KeepObject(kept with { Key = "" }), Refusal.IdReused),
            (new Command.KeepObject(wrong), Refusal.NameInvalid),
            (new Command.KeepObject(wrong with { Id = new string('x', ProviderObject.IdLengthMax + 1) }), Refusal.NameInvalid),
            (new Command.KeepObject(wrong with { Id = "resp_2" }), Refusal.NameInvalid),
            (new Command.KeepObject(wrong with { Id = "resp_2", Key = "k1" }), Refusal.OrgNotFound),
            (End("resp_2", "{}"), Refusal.ObjectNotFound),
            (End("resp_1", "{}"), null),
            (End("resp_1", "{\"other\":1}"), Refusal.IdReused));
    }

    [Fact]
    public void Charges_are_refused_in_the_order_of_the_rules()
    {
        var ledger = Prepared();
        ledger.Submit(Make.Hold(ledger, 1, 10));
        var nobody = Make.Labels("nobody");
        var future = ledger.Now + TimeSpan.FromHours(1);

        Check(ledger,
            (Make.Charge(1, -1, nobody, at: future), Refusal.IdReused),
            (Make.Charge(2, -1, nobody, at: future), Refusal.AmountNotPositive),
            (new Command.Charge(Make.Priced(2, 1, nobody, at: future) with { Charge = TooLarge }, Fact: false), Refusal.AmountTooLarge),
            (Make.Charge(2, 5_000, nobody, at: future), Refusal.OrgNotFound),
            (Make.Charge(2, 5_000, at: future), Refusal.OccurredInFuture),
            (Make.Charge(2, 5_000, at: ledger.Now), Refusal.InsufficientBalance),
            (Make.Charge(2, 600, at: ledger.Now), Refusal.BudgetExhausted),
            (Make.Charge(2, 5_000, at: ledger.Now, fact: true), null));
    }

    [Fact]
    public void Money_commands_are_refused_in_the_order_of_the_rules()
    {
        var ledger = Prepared();
        var past = ledger.Now - TimeSpan.FromDays(1);
        var grantEnds = ledger.Now + TimeSpan.FromDays(1);
        Command Grant(string id, long nanos, string org, Instant? expiresAt) => new Command.Grant(id, org, new Amount(nanos), 0, expiresAt);
        Command Correct(string id, long posting, long? nanos, string org) =>
            new Command.Correct(id, org, posting, nanos is { } n ? new Amount(n) : null, "because");

        Check(ledger,
            (Make.TopUp(-1, "t1"), Refusal.IdReused),
            (Make.TopUp(-1, "no spaces", "nobody"), Refusal.NameInvalid),
            (Make.TopUp(0, "t2", "nobody"), Refusal.AmountNotPositive),
            (Make.TopUp(TooLarge.Nanos, "t2", "nobody"), Refusal.AmountTooLarge),
            (Make.TopUp(1, "t2", "nobody"), Refusal.OrgNotFound),
            (Grant("t1", -1, "acme", past), Refusal.IdReused),
            (Grant("g1", -1, "nobody", past), Refusal.AmountNotPositive),
            (Grant("g1", 5, "nobody", past), Refusal.OrgNotFound),
            (Grant("g1", 5, "acme", past), Refusal.AlreadyExpired),
            (Grant("g1", 5, "acme", grantEnds), null),
            (new Command.ExpireGrant("nobody", "g1"), Refusal.OrgNotFound),
            (new Command.ExpireGrant("acme", "g9"), Refusal.GrantNotFound),
            (new Command.ExpireGrant("acme", "g1"), Refusal.GrantNotExpired),
            (Correct("c1", 1, -5, "nobody"), Refusal.AmountNotPositive),
            (Correct("c1", 1, 5, "nobody"), Refusal.OrgNotFound),
            (Correct("c1", 99, 5, "acme"), Refusal.PostingNotFound),
            (Correct("c1", 2, 5, "acme"), Refusal.PostingNotCorrectable),
            (Correct("c1", 1, 999, "acme"), null),
            (Correct("c2", 1, 5, "acme"), Refusal.PostingReversed));
    }

    [Fact]
    public void Charges_made_anew_are_refused_as_a_whole_in_the_order_of_the_rules()
    {
        var ledger = Prepared();
        ledger.Submit(Make.Charge(1, 40, at: ledger.Now));
        var charged = ledger.Postings[^1].Posting.Seq;
        var before = ledger.State();
        var future = ledger.Now + TimeSpan.FromHours(1);
        Command With(Command charge, long posting) => Make.Recharge([charged, posting], Make.Charge(5, 1, at: ledger.Now, fact: true), charge);

        Check(ledger,
            (new Command.Recharge("nobody", [], []), Refusal.OrgNotFound),
            (With(Make.Charge(1, -1, at: future, fact: true), 99), Refusal.IdReused),
            (With(Make.Charge(2, -1, at: future, fact: true), 99), Refusal.AmountNotPositive),
            (With(Make.Charge(2, 1, at: future, fact: true), 99), Refusal.OccurredInFuture),
            (With(Make.Charge(2, 1, at: ledger.Now, fact: true), 99), Refusal.PostingNotFound),
            (With(Make.Charge(2, 1, at: ledger.Now, fact: true), 1), Refusal.PostingNotCorrectable));
        Assert.Equal(before, ledger.State());
    }

    // Goal: no moment has both the old charges and the new ones. Method: a balance and a hard budget with room for one of them, and a finding if both were.
    [Fact]
    public void L2_charges_made_anew_are_no_overrun_however_little_is_left()
    {
        var ledger = new MemoryLedger();
        ledger.Submit(Make.OpenOrg());
        ledger.Submit(Make.TopUp(100));
        ledger.Submit(Make.Budget(100));
        ledger.Submit(Make.Charge(1, 60, at: ledger.Now));
        ledger.Submit(Make.Charge(2, 40, at: ledger.Now));
        var postings = ledger.Postings.Where(row => row.Posting.Kind == PostingKind.Charge).Select(row => row.Posting.Seq).ToArray();
        var recharge = Make.Recharge(postings, Make.Charge(3, 70, at: ledger.Now, fact: true), Make.Charge(4, 30, at: ledger.Now, fact: true));
        Assert.IsType<Outcome.Done>(ledger.Submit(recharge));
        Assert.Empty(ledger.Findings);
        var state = ledger.State();
        Assert.IsType<Outcome.Replayed>(ledger.Submit(recharge));
        Assert.Equal(state, ledger.State());
        Assert.IsType<Outcome.Done>(ledger.Submit(Make.Recharge([], Make.Charge(6, 1, at: ledger.Now, fact: true))));
        Assert.NotEmpty(ledger.Findings);
    }

    [Fact]
    public void Settings_are_refused_in_the_order_of_the_rules()
    {
        var ledger = Prepared();
        Command Budget(string org, long limit, string zone, params int[] thresholds) =>
            new Command.SetBudget(new Budget(new BudgetScope(org), WindowUnit.Hour, new Amount(limit), Hard: true, zone, [.. thresholds]));

        Check(ledger,
            (Make.OpenOrg("acme", BillingMode.Postpaid), Refusal.IdReused),
            (Make.OpenOrg("a b", creditLine: -1, zone: "Nowhere"), Refusal.NameInvalid),
            (Make.OpenOrg("beta", creditLine: -1, zone: "Nowhere"), Refusal.NameInvalid),
            (Make.OpenOrg("beta", creditLine: -1), Refusal.AmountNotPositive),
            (Budget("nobody", -1, "Nowhere", 200, 100), Refusal.AmountNotPositive),
            (Budget("nobody", 1, "Nowhere", 200, 100), Refusal.OrgNotFound),
            (Budget("acme", 1, "Nowhere"), Refusal.BudgetInvalid),
            (Budget("acme", 1, "UTC", 200, 100), Refusal.BudgetInvalid),
            (Budget("acme", 1, "UTC", 50, 100), null),
            (Budget("acme", 1, "Asia/Tokyo", 50, 100), Refusal.BudgetInvalid),
            (new Command.ClosePeriod("nobody", new Month(2026, 3)), Refusal.OrgNotFound),
            (new Command.ClosePeriod("acme", new Month(2026, 3)), Refusal.PeriodNotOver),
            (new Command.ClosePeriod("acme", new Month(2026, 2)), null),
            (new Command.Record(SettingKind.Team, "nobody", "a b", "{}", Once: true), Refusal.NameInvalid),
            (new Command.Record(SettingKind.Team, "nobody", "red", "{}", Once: true), Refusal.OrgNotFound),
            (new Command.Record(SettingKind.Team, "acme", "red", "{}", Once: true), null),
            (new Command.Record(SettingKind.Team, "acme", "red", "{1}", Once: true), Refusal.IdReused));
    }

    /// <summary>An org with 1,000 and a hard daily budget of 500.</summary>
    private static MemoryLedger Prepared()
    {
        var ledger = new MemoryLedger();
        foreach (var command in new[] { Make.OpenOrg(), Make.TopUp(1_000), Make.Budget(500) }) Assert.IsType<Outcome.Done>(ledger.Submit(command));
        return ledger;
    }

    private static void Check(MemoryLedger ledger, params (Command Command, Refusal? Expected)[] table)
    {
        foreach (var (command, expected) in table)
        {
            var before = ledger.State();
            var outcome = ledger.Submit(command);
            Assert.Equal(expected, (outcome as Outcome.Refused)?.Reason);
            if (expected is not null) Assert.Equal(before, ledger.State());
        }
    }
}
