using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Ledger;

/// <summary>Every rule tries its refusals in the order of <see cref="Refusal"/>.</summary>
// Goal: the documented order is the order of the rules. Method: the test walks the enum; for each kind of command and each refusal that it can have, the
// command breaks
// that rule and every rule that comes later, as far as one command can, and none that comes earlier.
public sealed class RefusalEnumTests
{
    private static readonly Amount TooLarge = Amount.TransferMax + new Amount(1);

    private readonly MemoryLedger _ledger = new();
    private readonly List<(string Kind, Refusal[] Rules, Func<Func<Refusal, bool>, Command> Command)> _table = [];
    private readonly Dictionary<string, Proposal> _proposals = [];

    public RefusalEnumTests()
    {
        Prepare();
        Money();
        Holds();
        Usage();
        Settings();
        People();
    }

    [Fact]
    public void Every_rule_reports_the_first_refusal_in_the_order_of_the_enum()
    {
        foreach (var refusal in Enum.GetValues<Refusal>())
        {
            foreach (var (kind, rules, command) in _table.Where(row => row.Rules.Contains(refusal)))
            {
                var before = _ledger.State();
                var outcome = _ledger.Submit(command(rule => rule >= refusal && rules.Contains(rule)));
                Assert.True((outcome as Outcome.Refused)?.Reason == refusal, $"{kind} that breaks {refusal} and all after it: {outcome}");
                if (_ledger.Audit.Count == 0) Assert.Equal(before, _ledger.State());
                _ledger.Audit.Clear();
            }
        }
    }

    [Fact]
    public void Every_refusal_of_a_rule_is_in_the_table() =>
        Assert.Equal([Refusal.RowsArchived, Refusal.CommandQuarantined], Enum.GetValues<Refusal>().Except(_table.SelectMany(row => row.Rules)));

    [Fact]
    public void A_command_that_breaks_no_rule_is_done_so_that_no_refusal_of_the_table_has_another_cause() =>
        Assert.All(_table, row => Assert.IsNotType<Outcome.Refused>(Fresh(row.Kind)));

    private static Outcome Fresh(string kind)
    {
        var fresh = new RefusalEnumTests();
        return fresh._ledger.Submit(fresh._table.Single(row => row.Kind == kind).Command(_ => false));
    }

    /// <summary><c>full</c> has no room for any sum, <c>busy</c> no room for a hold, <c>frozen</c> is frozen.</summary>
    private void Prepare()
    {
        foreach (var (org, usage) in (ValueTuple<string, int>[])[("acme", 1), ("full", 2), ("busy", 3), ("frozen", 4)])
        {
            Do(Make.OpenOrg(org), Make.TopUp(1_000, "t1", org), Make.Charge(usage, 1, Make.Labels(org), at: _ledger.Now));
        }

        Do(Make.Budget(500), new Command.Record(SettingKind.Team, "acme", "red", "{}", Once: true), new Command.KeepObject(Make.Object("resp_1")));
        Do(new Command.EndObject("acme", ObjectKind.Response, "resp_1", "{}"), new Command.Announce("told", "acme", "alert.test", "{}"));
        Do(new Command.Grant("short", "acme", new(10), 0, _ledger.Now + TimeSpan.FromMinutes(1)),
            new Command.Grant("long", "acme", new(10), 0, ExpiresAt: null));
        Do(new Command.Grant("held", "busy", new(10), 0, _ledger.Now + TimeSpan.FromMinutes(1)));
        Do(new Command.Correct("c1", "frozen", Posting("frozen", PostingKind.Charge), NewAmount: null, "reversed"));
        Do(Make.Hold(_ledger, 21, 10), Make.Settle(21, 1), Make.Hold(_ledger, 22, 10));
        Do(new Command.RecordHop("acme", "op", Make.Step(previous: null)),
            new Command.AddRecord(RecordKind.Evidence, "acme", "seen", """{"other":1}""", Once: true));
        Do(Make.Hold(_ledger, 24, 1_009, Make.Labels("busy"), seconds: 100_000));
        foreach (var (id, org) in (ValueTuple<string, string>[])[("p-open", "acme"), ("p-closed", "acme"), ("p-frozen", "frozen")])
        {
            _proposals[id] = Assert.IsType<Outcome.Proposed>(_ledger.Submit(Make.Asked(Make.TopUp(200, id, org), above: 100, proposal: id))).Proposal;
        }

        Do(Make.Asked(new Command.RejectProposal("acme", "p-closed", _proposals["p-closed"].Hash, "no"), "tok_ben"));
        Do(new Command.Record(SettingKind.AdjustmentFreeze, "frozen", MoneyByHand.FreezeName, """{"frozen":true,"by":"tok_ana"}""", Once: false));
        _ledger.Book.Limits = LedgerLimits.Default with { SettingsPerKind = 1, OpenHoldsPerOrg = 2, LineageSteps = 2 };
        Do(Make.Hold(_ledger, 25, 0, Make.Labels("busy"), seconds: 100_000));
        foreach (var account in _ledger.Book.Accounts.Values.Where(account => account.Org == "full").ToList())
        {
            var full = account.Copy();
            (full.Debits, full.Credits) = (Amount.SumMax, Amount.SumMax + new Amount(10));
            _ledger.Book.Recall(full);
        }

        foreach (var row in _ledger.Usage) _ledger.Book.Recall(row);
        _ledger.Now += TimeSpan.FromHours(2);
        _ledger.Audit.Clear();
    }

    private void Money()
    {
        Row("top-up", [Refusal.IdReused, Refusal.NameInvalid, Refusal.AmountNotPositive, Refusal.AmountTooLarge, Refusal.OrgNotFound, Refusal.SumTooLarge],
            broken => new Command.TopUp(Id(broken, "t1"), Org(broken), Sum(broken)));
        Row("grant",
            [Refusal.IdReused, Refusal.NameInvalid, Refusal.AmountNotPositive, Refusal.AmountTooLarge, Refusal.OrgNotFound, Refusal.AlreadyExpired,
                Refusal.SumTooLarge],
            broken => new Command.Grant(Id(broken, "t1"), Org(broken), Sum(broken), 0, broken(Refusal.AlreadyExpired) ? _ledger.Now : null));
        Row("end of a grant", [Refusal.OrgNotFound, Refusal.GrantNotFound, Refusal.GrantNotExpired, Refusal.InsufficientBalance],
            broken => new Command.ExpireGrant(
            broken(Refusal.OrgNotFound) ? "nobody" : broken(Refusal.InsufficientBalance) && !broken(Refusal.GrantNotExpired) ? "busy" : "acme",
            broken(Refusal.GrantNotFound) ? "none" : broken(Refusal.GrantNotExpired) ? "long" : broken(Refusal.InsufficientBalance) ? "held" : "short"));
        Row("charge of a record", [Refusal.IdReused, Refusal.NameInvalid, Refusal.OrgNotFound, Refusal.PostingNotFound, Refusal.SumTooLarge],
            broken => new Command.ChargeRecorded(
            Id(broken, "t1"), Org(broken), broken(Refusal.PostingNotFound) ? 99 : broken(Refusal.SumTooLarge) ? 2 : 1, "why"));
        Row("correction",
            [
                Refusal.IdReused, Refusal.NameInvalid, Refusal.AmountNotPositive, Refusal.AmountTooLarge, Refusal.OrgNotFound, Refusal.PostingNotFound,
                Refusal.PostingNotCorrectable,
                Refusal.PostingReversed, Refusal.SumTooLarge, Refusal.InsufficientBalance,
            ],
            broken =>
            {
                var (org, posting) =
                    broken(Refusal.PostingNotFound) ? ("full", 99)
                    : broken(Refusal.PostingNotCorrectable) ? ("acme", Posting("acme", PostingKind.Grant))
                    : broken(Refusal.PostingReversed) ? ("frozen", Posting("frozen", PostingKind.Charge))
                    : broken(Refusal.SumTooLarge) ? ("full", Posting("full", PostingKind.TopUp))
                    : broken(Refusal.InsufficientBalance) ? ("busy", Posting("busy", PostingKind.TopUp))
                    : ("acme", Posting("acme", PostingKind.Charge));
                if (broken(Refusal.OrgNotFound)) org = broken(Refusal.IdReused) ? "full" : "nobody";
                return new Command.Correct(
                    Id(broken, "t1"), org, posting, broken(Refusal.AmountNotPositive) ? new(-1) : broken(Refusal.AmountTooLarge) ? TooLarge : new(2), "why");
            });
    }

    private void Holds()
    {
        Row("hold",
            [
                Refusal.IdReused, Refusal.AmountNotPositive, Refusal.AmountTooLarge, Refusal.OrgNotFound, Refusal.AlreadyExpired, Refusal.SumTooLarge,
                Refusal.TooManyOpenHolds, Refusal.TooManySteps,
                Refusal.EnvelopeDiffers, Refusal.LineageMoved, Refusal.InsufficientBalance, Refusal.BudgetExhausted,
            ],
            broken =>
            {
                var lifetime = TimeSpan.FromSeconds(broken(Refusal.AlreadyExpired) ? 0 : 60);
                return new Command.PlaceHold(
                    Make.Id(broken(Refusal.IdReused) ? 22 : 50), Make.Labels(Org(broken)), null, "op", Sum(broken), lifetime)
                { Lineage = Step(broken) };
            });
        Row("settlement", [Refusal.HoldNotFound, Refusal.IdReused, Refusal.AmountNotPositive, Refusal.AmountTooLarge, Refusal.ScopeChanged], broken =>
        {
            var id = broken(Refusal.HoldNotFound) ? 99 : broken(Refusal.IdReused) ? 21 : 22;
            return new Command.Settle(Make.Priced(id, 1, Make.Labels(team: broken(Refusal.ScopeChanged) ? "other" : null)) with { Charge = Sum(broken) });
        });
        Row("release", [Refusal.HoldNotFound, Refusal.HoldEnded],
            broken => new Command.Release(Make.Id(broken(Refusal.HoldNotFound) ? 99 : broken(Refusal.HoldEnded) ? 21 : 22)));
        Row("expiry", [Refusal.HoldNotFound, Refusal.HoldEnded, Refusal.HoldNotExpired], broken => new Command.ExpireHold(
            Make.Id(broken(Refusal.HoldNotFound) ? 99 : broken(Refusal.HoldEnded) ? 21 : broken(Refusal.HoldNotExpired) ? 25 : 22)));
        Row("hop", [Refusal.NameInvalid, Refusal.OrgNotFound, Refusal.TooManySteps, Refusal.EnvelopeDiffers, Refusal.LineageMoved], broken =>
            new Command.RecordHop(Org(broken), "op", Step(broken, broken(Refusal.NameInvalid) ? "no name" : "hop")!));
    }

    private void Usage()
    {
        Row("charge",
            [
                Refusal.IdReused, Refusal.AmountNotPositive, Refusal.AmountTooLarge, Refusal.CountTooLarge, Refusal.OrgNotFound, Refusal.OccurredInFuture,
                Refusal.SumTooLarge, Refusal.TooManySteps,
                Refusal.EnvelopeDiffers, Refusal.LineageMoved, Refusal.InsufficientBalance, Refusal.BudgetExhausted,
            ],
            broken =>
            {
                var priced = Make.Priced(broken(Refusal.IdReused) ? 22 : 51, 1, Make.Labels(Org(broken)),
                    at: _ledger.Now + TimeSpan.FromHours(broken(Refusal.OccurredInFuture) ? 1 : 0));
                var counts = broken(Refusal.CountTooLarge) ? priced.Usage.Counts with { InputTokens = long.MaxValue } : priced.Usage.Counts;
                return new Command.Charge(priced with { Usage = priced.Usage with { OperationId = "op", Counts = counts }, Charge = Sum(broken) },
                    Fact: false)
                { Lineage = Step(broken) };
            });
        Row("object", [Refusal.IdReused, Refusal.NameInvalid, Refusal.OrgNotFound], broken => new Command.KeepObject(
            Make.Object(broken(Refusal.IdReused) ? "resp_1" : "resp_2",
                broken(Refusal.OrgNotFound) && !broken(Refusal.IdReused) ? "nobody" : "acme") with
            { Key = broken(Refusal.NameInvalid) ? "" : "k1" }));
        Row("end of an object", [Refusal.ObjectNotFound, Refusal.IdReused], broken => new Command.EndObject(
            "acme", ObjectKind.Response, broken(Refusal.ObjectNotFound) ? "resp_9" : "resp_1", broken(Refusal.IdReused) ? """{"other":1}""" : "{}"));
        Row("record", [Refusal.IdReused, Refusal.RecordChanged, Refusal.NameInvalid, Refusal.OrgNotFound], broken => new Command.AddRecord(
            RecordKind.Evidence, broken(Refusal.OrgNotFound) && !broken(Refusal.IdReused) ? "nobody" : "acme",
            broken(Refusal.IdReused) ? "seen" : broken(Refusal.NameInvalid) ? "no name" : "new", "{}", Once: true)
        {
            Replaces = broken(Refusal.RecordChanged) ? 99 : 0,
        });
        Row("message", [Refusal.IdReused, Refusal.NameInvalid, Refusal.OrgNotFound], broken => new Command.Announce(
            broken(Refusal.IdReused) ? "told" : "new", broken(Refusal.OrgNotFound) && !broken(Refusal.IdReused) ? "nobody" : "acme",
            broken(Refusal.NameInvalid) ? "no name" : "alert.test", "{}"));
    }

    private void Settings()
    {
        Row("org", [Refusal.IdReused, Refusal.NameInvalid, Refusal.AmountNotPositive, Refusal.AmountTooLarge], broken => new Command.OpenOrg(new Org(
            broken(Refusal.IdReused) ? "acme" : "new", broken(Refusal.NameInvalid) ? "no" : "USD", BillingMode.Prepaid,
            broken(Refusal.AmountNotPositive) ? -1 : broken(Refusal.AmountTooLarge) ? Amount.SumMax.Nanos + 1 : null, "UTC")));
        Row("budget", [Refusal.AmountNotPositive, Refusal.AmountTooLarge, Refusal.OrgNotFound, Refusal.BudgetInvalid, Refusal.TooManySettings],
            broken => new Command.SetBudget(new Budget(
            new BudgetScope(broken(Refusal.OrgNotFound) ? "nobody" : broken(Refusal.TooManySettings) ? "acme" : "busy", Team: "blue"), WindowUnit.Day,
            broken(Refusal.AmountNotPositive) ? new(-1) : broken(Refusal.AmountTooLarge) ? Amount.SumMax + new Amount(1) : new(5), Hard: true,
            broken(Refusal.BudgetInvalid) ? "Nowhere" : "UTC", [])));
        Row("period", [Refusal.OrgNotFound, Refusal.PeriodNotOver], broken => new Command.ClosePeriod(
            broken(Refusal.OrgNotFound) ? "nobody" : "acme", broken(Refusal.PeriodNotOver) ? new Month(2026, 3) : new Month(2026, 2)));
        Row("setting", [Refusal.IdReused, Refusal.NameInvalid, Refusal.OrgNotFound, Refusal.TooManySettings], broken => new Command.Record(
            SettingKind.Team, broken(Refusal.IdReused) ? "acme" : broken(Refusal.OrgNotFound) ? "nobody" : broken(Refusal.TooManySettings) ? "acme" : "busy",
            broken(Refusal.IdReused) ? "red" : broken(Refusal.NameInvalid) ? "no name" : "blue", """{"other":1}""", Once: true));
    }

    private void People()
    {
        Row("money by hand above the limit", [Refusal.AdjustmentsFrozen, Refusal.IdReused, Refusal.ReasonNeeded, Refusal.NameInvalid, Refusal.OrgNotFound],
            broken => Make.Asked(
            Make.TopUp(300, "t9",
                broken(Refusal.AdjustmentsFrozen) ? "frozen" : broken(Refusal.IdReused) ? "acme" : broken(Refusal.OrgNotFound) ? "nobody" : "acme"), above: 100,
            proposal: broken(Refusal.IdReused) ? "p-open" : broken(Refusal.NameInvalid) ? "no name" : "p-new",
            reason: broken(Refusal.ReasonNeeded) ? "" : "why"));
        Row("approval",
            [Refusal.AdjustmentsFrozen, Refusal.ProposalNotFound, Refusal.ProposalDiffers, Refusal.ProposalClosed, Refusal.ProposalOwn,
                Refusal.ProposalExpired],
            broken =>
            {
                var id = broken(Refusal.ProposalNotFound) ? "p-none" : broken(Refusal.ProposalClosed) ? "p-closed" : "p-open";
                var known = _proposals.GetValueOrDefault(id) ?? _proposals["p-closed"];
                if (!broken(Refusal.ProposalExpired)) _ledger.Now = known.ExpiresAt - TimeSpan.FromSeconds(1);
                return Make.Asked(
                    new Command.ApproveProposal(broken(Refusal.AdjustmentsFrozen) ? "frozen" : "acme", id,
                        broken(Refusal.ProposalDiffers) ? "other" : known.Hash, CommandText.Parse(known.Content)),
                    broken(Refusal.ProposalOwn) ? "tok_ana" : "tok_ben");
            });
        Row("rejection", [Refusal.ProposalNotFound, Refusal.ProposalDiffers, Refusal.ProposalClosed], broken =>
        {
            var id = broken(Refusal.ProposalNotFound) ? "p-none" : broken(Refusal.ProposalClosed) ? "p-closed" : "p-open";
            return Make.Asked(
                new Command.RejectProposal("acme", id, broken(Refusal.ProposalDiffers) ? "other" : _proposals[id].Hash, "other reason"), "tok_cleo");
        });
    }

    private void Row(string kind, Refusal[] rules, Func<Func<Refusal, bool>, Command> command) => _table.Add((kind, rules, command));

    private static string Id(Func<Refusal, bool> broken, string known) => broken(Refusal.IdReused) ? known : broken(Refusal.NameInvalid) ? "no name" : "new";

    private static string Org(Func<Refusal, bool> broken) =>
        broken(Refusal.IdReused)
            ? "full" : broken(Refusal.OrgNotFound) ? "nobody" : broken(Refusal.SumTooLarge) ? "full" : broken(Refusal.TooManyOpenHolds) ? "busy" : "acme";

    private static Amount Sum(Func<Refusal, bool> broken) =>
        broken(Refusal.AmountNotPositive) ? new(-1) : broken(Refusal.AmountTooLarge)
            ? TooLarge : broken(Refusal.InsufficientBalance) ? new(5_000) : broken(Refusal.BudgetExhausted) ? new(600) : new(2);

    /// <summary>A step of the lineage that <see cref="Prepare"/> began; null: the command needs none.</summary>
    private static LineageAppend? Step(Func<Refusal, bool> broken, string id = "attempt")
    {
        var first = Make.Step(previous: null).Row;
        return broken(Refusal.TooManySteps) ? Make.Step(Make.Step(first).Row, id, token: "x.y.z")
            : broken(Refusal.EnvelopeDiffers) ? Make.Step(first, id, token: "x.y.z")
            : broken(Refusal.LineageMoved) ? Make.Step(Make.Step(previous: null, "another").Row, id)
            : Make.Step(first, id);
    }

    private long Posting(string org, PostingKind kind) => _ledger.Postings.First(row => row.Posting.Org == org && row.Posting.Kind == kind).Posting.Seq;

    private void Do(params Command[] commands)
    {
        foreach (var command in commands)
        {
            var outcome = _ledger.Submit(command);
            Assert.True(outcome is Outcome.Done, $"{command}: {outcome}");
        }
    }
}
