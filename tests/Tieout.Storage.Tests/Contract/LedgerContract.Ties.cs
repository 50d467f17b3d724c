using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;
using Tieout.Core.Tenancy;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Reconciliation;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Our side of a comparison with another book, against a naive recount of the rows in memory.</summary>
public abstract partial class LedgerContract
{
    private static readonly TieSpec[] TieSpecs = [TieSpec.Of(TieField.Day), TieSpec.Of(TieField.Team, TieField.Day), TieSpec.Of(TieField.Key)];

    // Goal: totals from lines and parts from rows are what the postings and the usage come to, and agree. Method: a random history with late usage,
    // corrections and repairs of postings, by days of the org's zone and of UTC; the follower steps at some of its steps, the ledger is opened again at others.
    [Theory]
    [InlineData("Asia/Kolkata")]
    [InlineData("America/New_York")]
    public void R1_our_side_of_a_tie_is_what_the_rows_come_to(string zone) => ForAnyHistory(async (steps, _) =>
    {
        var ledger = Open(fresh: true);
        var memory = await BeginInAsync(ledger, zone);
        for (var i = 0; i < steps.Count; i++)
        {
            await TakeAsync(ledger, memory, steps[i]);
            if (i % 6 == 2) await TakeAsync(ledger, memory, Repair(i));
            if (i % 4 == 1) await FollowAsync(ledger);
            if (i % 9 == 5)
            {
                await ledger.DisposeAsync();
                ledger = Open(fresh: false);
            }

            if (i % 24 == 7) await AssertTiesAsync(ledger, memory);
        }

        await FollowAsync(ledger);
        await AssertTiesAsync(ledger, memory);
        await ledger.DisposeAsync();
    });

    /// <summary>Some charge is brought to another amount, as a finding about its posting does.</summary>
    private static Histories.Step Repair(int i) => new(
        0, _ => new Command.Correct($"repair{i}", "acme", i % 12 + 1, new Amount(i), "found") { IsPostingRepair = true }, $"repair {i % 12 + 1} to {i}");

    private async Task<MemoryLedger> BeginInAsync(ILedger ledger, string zone)
    {
        var memory = new MemoryLedger();
        foreach (var command in (Command[])[Make.OpenOrg("acme", zone: zone), Make.OpenOrg("beta", BillingMode.Postpaid, creditLine: 100, zone),
            Make.TopUp(300, "start")])
        {
            await TakeAsync(ledger, memory, new(0, _ => command, "begin"));
        }

        return memory;
    }

    private static async Task AssertTiesAsync(ILedger ledger, MemoryLedger memory)
    {
        foreach (var org in memory.Book.Orgs.Values)
        {
            foreach (var (from, to) in ((Instant, Instant)[])[(Instant.UnixEpoch, Instant.EndOfTime),
                (memory.Now - TimeSpan.FromDays(30) - TimeSpan.FromMinutes(7), memory.Now - TimeSpan.FromSeconds(7))])
            {
                foreach (var dayZone in (TimeZoneInfo?[])[null, org.Zone, TimeZoneInfo.Utc])
                {
                    await AssertTieAsync(ledger, memory, new(org, from, to, dayZone));
                }
            }
        }
    }

    private static async Task AssertTieAsync(ILedger ledger, MemoryLedger memory, TieRange range)
    {
        foreach (var figure in Enum.GetValues<TallyFigure>())
        {
            var terms = new TallyTerms(figure, memory.Now - TimeSpan.FromMinutes(1), StepNanos: 7);
            var expected = ExpectedParts(memory, range, terms);
            var totals = await ledger.Read.TieTotalsAsync(range, figure, Cancel);
            Assert.Equal(Said(expected.Select(part => part with { Tally = TotalOf(part.Tally, figure) }), figure), Said(totals, figure));

            var labels = totals.Select(sum => sum.Labels).Distinct().Index().Where(label => label.Index % 2 == 0).Select(label => label.Item).ToHashSet();
            var parts = await ledger.Read.TiePartsAsync(range, labels, terms, Cancel);
            Assert.Equal(Said(expected.Where(part => labels.Contains(part.Labels)), figure), Said(parts, figure));
            foreach (var spec in TieSpecs.Where(spec => range.DayZone is not null || !spec.Has(TieField.Day)))
            {
                var (left, right) = (LedgerSide.Of(spec, totals), LedgerSide.Of(spec, await ledger.Read.TiePartsAsync(
                    range, totals.Select(sum => sum.Labels).ToHashSet(), terms, Cancel)));
                Assert.Equal(left.Cells.Select(cell => $"{cell.Key} {cell.Value.All.Total}").Order(StringComparer.Ordinal),
                    right.Cells.Select(cell => $"{cell.Key} {cell.Value.All.Total}").Order(StringComparer.Ordinal));
            }
        }
    }

    /// <summary>What lines have: no parts that explain a difference.</summary>
    private static Tally TotalOf(in Tally tally, TallyFigure figure) => new()
    {
        Attempts = tally.Attempts,
        Failures = tally.Failures,
        Total = tally.Total,
        Corrections = figure == TallyFigure.Charge ? tally.Corrections : Amount.Zero,
        InputTokens = tally.InputTokens,
        CacheReadTokens = tally.CacheReadTokens,
        CacheWriteTokens = tally.CacheWriteTokens,
        OutputTokens = tally.OutputTokens,
    };

    /// <summary>What comes to nothing at all is left out: two repairs may cancel out, and neither is a row of a list.</summary>
    private static IEnumerable<string> Said(IEnumerable<DayTally> sums, TallyFigure figure) => sums
        .Where(sum => figure == TallyFigure.Charge ? sum.Tally != default : sum.Tally.Attempts > 0)
        .Select(sum => $"{sum.Day} {sum.Labels} {sum.Tally}").Order(StringComparer.Ordinal);

    private static List<DayTally> ExpectedParts(MemoryLedger memory, TieRange range, TallyTerms terms)
    {
        DateOnly? DayOf(Instant at) => range.DayZone is { } zone ? LocalTime.DayOf(at, zone) : null;
        return [.. memory.Postings.Select(row => row.Posting)
            .Where(posting => posting.Org == range.Org.Org.Id && posting.UsageSeq != 0 && posting.EffectiveAt >= range.From && posting.EffectiveAt < range.To)
            .Select(posting => (Posting: posting, Usage: memory.Usage[(int)posting.UsageSeq - 1]))
            .GroupBy(pair => (Day: DayOf(pair.Posting.EffectiveAt), pair.Usage.Usage.Labels))
            .Select(group => new DayTally(group.Key.Day, group.Key.Labels, group.Aggregate(default(Tally), (sum, pair) =>
                sum + One(pair.Posting, pair.Usage, terms))))];
    }

    private static Tally One(Posting posting, UsageRow row, TallyTerms terms)
    {
        var (isCharge, usage) = (posting.Kind == PostingKind.Charge, row.Usage);
        var whole = terms.Figure == TallyFigure.Charge ? posting.Amount.Nanos : isCharge ? row.ProviderCost.Nanos : 0;
        var sign = posting.Kind == PostingKind.Reversal ? -1 : 1;
        var amount = new Amount(sign * whole);

        // A posting that only repairs another one is seen as an amount: it is no row of a list.
        if (posting.IsPostingRepair) return new() { Total = amount, Corrections = amount, RoundedEach = amount, CutEach = amount };
        return new()
        {
            Attempts = isCharge ? 1 : 0,
            FirstAttempts = isCharge && usage.AttemptNo == 1 ? 1 : 0,
            Failures = isCharge && usage.Failed ? 1 : 0,
            Hidden = isCharge && (usage.Flags & (UsageFlags.TotalMismatch | UsageFlags.HiddenSubCalls)) != 0 ? 1 : 0,
            Total = amount,
            Corrections = isCharge ? Amount.Zero : amount,
            Retried = usage.AttemptNo > 1 ? amount : Amount.Zero,
            Late = row.Flags.HasFlag(ChargeFlags.Late) || posting.EffectiveAt - usage.OccurredAt > TimeSpan.FromHours(1) ? amount : Amount.Zero,
            After = posting.RecordedAt > terms.WrittenAt ? amount : Amount.Zero,
            Estimated = usage.Basis == UsageBasis.Estimated ? amount : Amount.Zero,
            RoundedEach = new(sign * terms.StepNanos * ((whole + terms.StepNanos / 2) / terms.StepNanos)),
            CutEach = new(sign * terms.StepNanos * (whole / terms.StepNanos)),
            InputTokens = isCharge ? usage.Counts.InputTokens : 0,
            CacheReadTokens = isCharge ? usage.Counts.CacheReadTokens : 0,
            CacheWriteTokens = isCharge ? usage.Counts.CacheWriteTokens : 0,
            OutputTokens = isCharge ? usage.Counts.OutputTokens : 0,
        };
    }
}
