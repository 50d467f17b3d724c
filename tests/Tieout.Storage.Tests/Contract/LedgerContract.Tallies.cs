using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;
using Tieout.Core.Tests.Ledger;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Storage.Tests.Contract;

public abstract partial class LedgerContract
{
    // Goal: every sum of a tally, by slot and labels, is what the postings in memory add up to. Method: the same random history, summed row by row.
    [Fact]
    public void L4_tallies_are_what_the_postings_add_up_to_in_every_slot() => ForAnyHistory(async (steps, memory) =>
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        foreach (var step in steps) await TakeAsync(ledger, memory, step);
        var from = memory.Now - TimeSpan.FromMinutes(3);
        foreach (var org in memory.Book.Orgs.Keys)
        {
            var query = new TallyQuery(
                org, from, new(long.MaxValue), 7 * Instant.MicrosPerSecond, TallyFigure.Charge, memory.Now - TimeSpan.FromMinutes(1), StepNanos: 7);
            Assert.Equal(Expected(memory, query), Known(await ledger.Read.TalliesAsync(query, Cancel)));
            var costs = query with { Figure = TallyFigure.ProviderCost, SlotMicros = long.MaxValue };
            Assert.Equal(Expected(memory, costs), Known(await ledger.Read.TalliesAsync(costs, Cancel)));
        }
    });

    [Fact]
    public async Task L8_a_proof_names_the_commit_that_a_posting_became_durable_in()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        for (var i = 1; i <= 5; i++) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.Charge(i, 10, at: Clock.Now), Cancel));
        var postings = await ToListAsync(ledger.Read.PostingsAsync("acme", Instant.UnixEpoch, new(long.MaxValue), 0, Cancel));

        var links = new List<CommitLink>();
        foreach (var posting in postings) links.Add(await ledger.Read.CommitOfAsync("acme", posting.Seq, Cancel));

        Assert.Equal(6, links.Count);
        Assert.Equal(links.Select(link => link.Commit).Order().Distinct(), links.Select(link => link.Commit));
        Assert.All(links, link => Assert.Equal(32, link.Hash.Length));
        Assert.Equal(6, links.Select(link => Convert.ToHexString(link.Hash.Span)).Distinct().Count());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ledger.Read.CommitOfAsync("acme", postings[^1].Seq + 1, Cancel));
    }

    private static Dictionary<(long, UsageLabels), Tally> Known(IEnumerable<SlotTally> tallies) =>
        tallies.ToDictionary(tally => (tally.Slot, tally.Labels), tally => tally.Tally);

    private static Dictionary<(long, UsageLabels), Tally> Expected(MemoryLedger memory, TallyQuery query) => memory.Postings.Select(row => row.Posting)
        .Where(posting => posting.Org == query.Org && posting.UsageSeq != 0 && posting.EffectiveAt >= query.From && posting.EffectiveAt < query.To)
        .Select(posting => (Posting: posting, Usage: memory.Usage[(int)posting.UsageSeq - 1]))
        .GroupBy(pair => ((pair.Posting.EffectiveAt.UnixMicros - query.From.UnixMicros) / query.SlotMicros, pair.Usage.Usage.Labels))
        .ToDictionary(slot => slot.Key, slot => slot.Aggregate(default(Tally), (sum, pair) => sum + One(pair.Posting, pair.Usage, query)));

    private static Tally One(Posting posting, UsageRow row, TallyQuery query)
    {
        var (isCharge, usage) = (posting.Kind == PostingKind.Charge, row.Usage);
        var whole = query.Figure == TallyFigure.Charge ? posting.Amount.Nanos : isCharge ? row.ProviderCost.Nanos : 0;
        var sign = posting.Kind == PostingKind.Reversal ? -1 : 1;
        var amount = new Amount(sign * whole);
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
            After = posting.RecordedAt > query.WrittenAt ? amount : Amount.Zero,
            Estimated = usage.Basis == UsageBasis.Estimated ? amount : Amount.Zero,
            RoundedEach = new(sign * query.StepNanos * ((whole + query.StepNanos / 2) / query.StepNanos)),
            CutEach = new(sign * query.StepNanos * (whole / query.StepNanos)),
            InputTokens = isCharge ? usage.Counts.InputTokens : 0,
            CacheReadTokens = isCharge ? usage.Counts.CacheReadTokens : 0,
            CacheWriteTokens = isCharge ? usage.Counts.CacheWriteTokens : 0,
            OutputTokens = isCharge ? usage.Counts.OutputTokens : 0,
        };
    }
}
