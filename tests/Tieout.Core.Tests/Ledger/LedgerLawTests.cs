using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Ledger;
using Tieout.Core.Money;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Core.Tests.Ledger;

/// <summary>The promises of <c>docs/INVARIANTS.md</c>, held against random histories.</summary>
public sealed class LedgerLawTests
{
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(120);

    [Fact]
    public void L1_all_balances_sum_to_zero_after_every_commit() => AfterEveryStep(ledger =>
        ledger.Book.Accounts.Values.Sum(account => account.Balance) == Amount.Zero);

    [Fact]
    public void L2_no_account_passes_its_floor_but_by_a_flagged_overrun() => AfterEveryStep(ledger =>
        ledger.Book.Orgs.Keys.All(org => ledger.Customer(org) is var account
            && (account.Credits - account.Debits - account.Held >= account.Floor
                || ledger.Findings.Exists(finding => finding.Code == FindingCode.Overrun && finding.Org == org))));

    [Fact]
    public void L3_a_command_given_twice_is_a_command_given_once() => Check.One(Runs, Prop.ForAll(Histories.Any, steps =>
    {
        var (once, twice) = (Histories.Begin(), Histories.Begin());
        foreach (var step in steps)
        {
            Histories.Take(once, step);
            twice.Now = once.Now;
            var command = step.Make(twice);
            var first = twice.Submit(command);
            var second = twice.Submit(command);
            // Expiring part of a grant is the one command without an id: what holds freed meanwhile can be taken by asking again.
            if (command is not Command.ExpireGrant && first is Outcome.Done && second is not Outcome.Replayed) return false;
            if (first is Outcome.Refused && second != first) return false;
        }

        return once.State() == twice.State();
    }));

    [Fact]
    public void L3_the_same_id_with_other_content_is_a_conflict_and_changes_nothing() => Check.One(Runs, Prop.ForAll(Histories.Any, steps =>
    {
        var ledger = Histories.Begin();
        foreach (var step in steps)
        {
            Histories.Take(ledger, step);
            foreach (var row in ledger.Commands.TakeLast(1))
            {
                var before = ledger.State();
                var other = ledger.Submit(Make.TopUp(123_456, row.Id, row.Org));
                if (other is not Outcome.Refused { Reason: Refusal.IdReused } || ledger.State() != before) return false;
            }

            foreach (var row in ledger.Usage.TakeLast(1))
            {
                var before = ledger.State();
                var other = ledger.Submit(new Command.Charge(new(row.Usage, Make.Price, row.ProviderCost, row.Charge + new Amount(1)), Fact: true));
                if (other is not Outcome.Refused { Reason: Refusal.IdReused } || ledger.State() != before) return false;
            }
        }

        return true;
    }));

    [Fact]
    public void L4_every_balance_is_the_sum_of_its_entries_recomputed_from_nothing() => AfterEveryStep(ledger =>
    {
        var again = ledger.Recompute();
        return ledger.Book.Accounts.Values.All(account => again.Accounts.TryGetValue(account.No, out var recomputed)
            ? (recomputed.Debits, recomputed.Credits, recomputed.Held, recomputed.Version) == (account.Debits, account.Credits, account.Held, account.Version)
              && recomputed.Grants.SequenceEqual(account.Grants)
            : account is { Version: 0 } && account.Held == Amount.Zero);
    });

    [Fact]
    public void L5_what_is_held_is_the_sum_of_open_holds_and_a_hold_ends_once() => AfterEveryStep(ledger =>
    {
        if (ledger.Ends.DistinctBy(end => end.Hold.Id).Count() != ledger.Ends.Count) return false;
        var ended = ledger.Ends.Select(end => end.Hold.Id).ToHashSet();
        return ledger.Book.Orgs.Keys.All(org =>
            ledger.Holds.Where(row => row.Hold.Scope.Org == org && !ended.Contains(row.Hold.Id)).Sum(row => row.Hold.Amount)
            == ledger.Customer(org).Held);
    });

    [Fact]
    public void L6_a_refused_command_leaves_the_state_as_it_was() => Check.One(Runs, Prop.ForAll(Histories.Any, steps =>
    {
        var ledger = Histories.Begin();
        foreach (var step in steps)
        {
            ledger.Now += TimeSpan.FromSeconds(step.Seconds + 1);
            var command = step.Make(ledger);
            var before = ledger.State();
            var rows = ledger.Postings.Count + ledger.Usage.Count + ledger.Holds.Count + ledger.Outbox.Count + ledger.Findings.Count;
            if (ledger.Submit(command) is Outcome.Refused
                && (ledger.State() != before
                    || rows != ledger.Postings.Count + ledger.Usage.Count + ledger.Holds.Count + ledger.Outbox.Count + ledger.Findings.Count)) return false;
        }

        return true;
    }));

    [Fact]
    public void L7_a_correction_takes_back_the_whole_posting_and_only_once() => AfterEveryStep(ledger =>
    {
        var reversals = ledger.Postings.Select(row => row.Posting).Where(posting => posting.Kind == PostingKind.Reversal).ToList();
        return reversals.DistinctBy(reversal => reversal.Reverses).Count() == reversals.Count
            && reversals.TrueForAll(reversal =>
            {
                var original = ledger.Postings[(int)reversal.Reverses - 1].Posting;
                return (reversal.Debit, reversal.Credit, reversal.Amount) == (original.Credit, original.Debit, original.Amount) && reversal.Reason is not null;
            });
    });

    // Goal: all of a settlement or none of it, whichever part of it cannot stand; and the sum counts against the hold, not beside it.
    [Fact]
    public void B3_M1_calls_inside_a_settlement_stand_with_it_or_not_at_all()
    {
        var ledger = Histories.Begin();
        ledger.Submit(Make.Hold(ledger, 1, 300));
        var settle = new Command.Settle(Make.Priced(1, 100)) { Inside = [Make.Priced(2, 150), Make.Priced(3, 50)] };
        var before = ledger.State();

        Assert.IsType<Outcome.Refused>(ledger.Submit(settle with { Inside = [Make.Priced(2, 150), Make.Priced(3, -1)] }));
        Assert.Equal(before, ledger.State());
        Assert.Equal(300, Assert.IsType<Outcome.Done>(ledger.Submit(settle)).Figures.Charge.Nanos);
        Assert.Equal((0, 0), (ledger.Customer("acme").Balance.Nanos, ledger.Customer("acme").Held.Nanos));
        Assert.DoesNotContain(ledger.Findings, finding => finding.Code == FindingCode.Overrun);
        Assert.Equal([150, 50, 100], ledger.Usage.Select(row => row.Charge.Nanos));
        Assert.Equal(300, Assert.IsType<Outcome.Replayed>(ledger.Submit(settle)).Figures.Charge.Nanos);
        Assert.IsType<Outcome.Refused>(ledger.Submit(settle with { Inside = [Make.Priced(2, 151), Make.Priced(3, 50)] }));
    }

    [Fact]
    public void M1_one_usage_record_is_one_charge_posting_of_the_same_amount() => AfterEveryStep(ledger =>
    {
        var charges = ledger.Postings.Select(row => row.Posting).Where(posting => posting.Kind == PostingKind.Charge).ToList();
        return charges.Count == ledger.Usage.Count
            && ledger.Usage.Select(row => row.Usage.Id).Distinct().Count() == ledger.Usage.Count
            && charges.TrueForAll(
                charge => ledger.Usage[(int)charge.UsageSeq - 1] is var row && row.Charge == charge.Amount && row.EffectiveAt == charge.EffectiveAt);
    });

    [Fact]
    public void I1_the_charges_of_all_periods_are_what_the_balance_moved_by() => AfterEveryStep(ledger => ledger.Book.Orgs.Values.All(org =>
    {
        var moved = ledger.Postings.Select(row => row.Posting).Where(posting => posting.Org == org.Org.Id && posting.UsageSeq != 0)
            .Aggregate(Amount.Zero, (sum, posting) => posting.Kind == PostingKind.Reversal ? sum - posting.Amount : sum + posting.Amount);
        return ledger.Book.Account(org.AccountNo(AccountKind.Revenue)).Balance == moved;
    }));

    [Fact]
    public void I2_a_closed_period_never_changes() => Check.One(Runs, Prop.ForAll(Histories.Any, steps =>
    {
        var ledger = Histories.Begin();
        foreach (var step in steps)
        {
            var openFrom = ledger.Book.Org("acme")!.OpenFrom;
            var before = InPeriod(ledger, openFrom);
            Histories.Take(ledger, step);
            if (InPeriod(ledger, openFrom) != before) return false;
        }

        return true;

        static int InPeriod(MemoryLedger ledger, Instant before) =>
            ledger.Postings.Count(row => row.Posting.Org == "acme" && row.Posting.EffectiveAt < before);
    }));

    [Fact]
    public void A_batch_decides_as_its_commands_would_one_by_one() => Check.One(Runs, Prop.ForAll(Histories.Any, steps =>
    {
        var (single, batched) = (Histories.Begin(), Histories.Begin());
        var pending = new List<Command>();
        foreach (var step in steps.Where(step => step.Seconds == 0))
        {
            var command = step.Make(single);
            if (command.Governs || command is Command.Correct or Command.Recharge)
            {
                Flush();
                batched.Submit(command);
            }
            else
            {
                pending.Add(command);
            }

            single.Submit(command);
            if (pending.Count >= 7) Flush();
        }

        Flush();
        // Commits are fewer in a batch, and their hashes with them; everything else is the same.
        return Money(single) == Money(batched);

        void Flush()
        {
            batched.Submit(pending);
            pending.Clear();
        }

        static string Money(MemoryLedger ledger) => string.Join('\n', ledger.State().Split('\n')[..^2]);
    }));

    private static void AfterEveryStep(Func<MemoryLedger, bool> holds) => Check.One(Runs, Prop.ForAll(Histories.Any, steps =>
    {
        var ledger = Histories.Begin();
        foreach (var step in steps)
        {
            Histories.Take(ledger, step);
            if (!holds(ledger)) return false;
        }

        return true;
    }));
}
