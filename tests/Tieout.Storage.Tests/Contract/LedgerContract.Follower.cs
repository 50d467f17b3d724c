using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Storage.Tests.Contract;

public abstract partial class LedgerContract
{
    // Goal: a report is what the rows come to, wherever the follower is. Method: a random history; the follower steps at some of its steps, the ledger is
    // opened again at others, and every report is compared with a naive recount of the rows in memory.
    [Fact]
    public void Q2_reports_are_what_the_rows_come_to_wherever_the_follower_is() => ForAnyHistory(async (steps, memory) =>
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        for (var i = 0; i < steps.Count; i++)
        {
            await TakeAsync(ledger, memory, steps[i]);
            if (i % 4 == 1) Assert.Equal("", string.Join("\n", await FollowAsync(ledger)));
            if (i % 7 == 5)
            {
                await ledger.DisposeAsync();
                ledger = Open(fresh: false);
            }

            if (i % 5 == 4) await AssertReportsAsync(ledger, memory);
        }

        Assert.Equal("", string.Join("\n", await FollowAsync(ledger)));
        await AssertReportsAsync(ledger, memory);
        await ledger.DisposeAsync();
        AssertVerified();
    });

    // Goal: an invoice's lines and its statement are of one moment. Method: read them again and again while charges are made and the follower counts.
    [Fact]
    public async Task I1_lines_and_statement_are_of_one_moment_while_the_ledger_goes_on()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        await ledger.SubmitAsync(Make.TopUp(1_000_000, "more"), Cancel);
        var org = ledger.Read.Org("acme")!;
        var month = Month.Of(Clock.Now, org.Zone);
        var charging = Task.Run(async () =>
        {
            for (var id = 1; id <= 300; id++) await ledger.SubmitAsync(Make.Charge(id, 1, at: Clock.Now), Cancel);
        }, Cancel);
        do
        {
            await ledger.Follower.StepAsync(Cancel);
            var sums = await ledger.Read.MonthAsync(org, month.Start(org.Zone), month.End(org.Zone), Cancel);
            Assert.Equal(Statement.Of(org, month, sums.Months).TotalCharges, Amount.Sum(sums.Lines.Select(line => line.Sums.Charge)));
        }
        while (!charging.IsCompleted);
        await charging;
    }

    /// <summary>Steps until all that can be counted is.</summary>
    /// <returns>What differs from the ledger's own figures, in words.</returns>
    internal static async Task<IReadOnlyList<string>> FollowAsync(ILedger ledger)
    {
        var drifts = new List<string>();
        if (ledger is Storage.Sqlite.SqliteLedger embedded) await embedded.FlushAsync();
        for (var isCurrent = false; !isCurrent;)
        {
            var progress = await ledger.Follower.StepAsync(Cancel);
            drifts.AddRange(progress.Drifts.Select(drift => $"{drift.Code.Name}: {drift.Cause}"));
            isCurrent = progress.IsCurrent;
        }

        return drifts;
    }

    internal static async Task AssertReportsAsync(ILedger ledger, MemoryLedger memory)
    {
        foreach (var org in memory.Book.Orgs.Values)
        {
            var day = Window.Of(WindowUnit.Day, memory.Now, org.Zone);
            foreach (var (from, to) in ((Instant, Instant)[])[(day.Start, day.End), (Instant.UnixEpoch, Instant.EndOfTime),
                (memory.Now - TimeSpan.FromMinutes(3), memory.Now - TimeSpan.FromSeconds(7)), (memory.Now - TimeSpan.FromHours(5), memory.Now)])
            {
                foreach (var slot in Enum.GetValues<RecountSlot>())
                {
                    var query = new RecountQuery(org, from, to, slot);
                    Assert.Equal(ExpectedSums(memory, query), (await ledger.Read.SumsAsync(query, Cancel)).Select(Said));
                    if (slot != RecountSlot.Day) await AssertSketchesAsync(ledger, memory, query);
                    if (slot is RecountSlot.Hour) continue;
                    Assert.Equal(
                        ExpectedStatuses(memory, query),
                        (await ledger.Read.StatusesAsync(query, Cancel)).Select(line => $"{line}").Order(StringComparer.Ordinal));
                }
            }

            await AssertHoursAsync(ledger, memory, org);
            await AssertIdsAsync(ledger, memory, org);
            var month = Month.Of(memory.Now, org.Zone);
            var sums = await ledger.Read.MonthAsync(org, month.Start(org.Zone), month.End(org.Zone), Cancel);
            Assert.Equal(ExpectedStatement(memory, org, month), Said(Statement.Of(org, month, sums.Months)));
        }
    }

    private static List<string> ExpectedSums(MemoryLedger memory, RecountQuery query)
    {
        var revenue = query.Org.AccountNo(AccountKind.Revenue);
        bool IsIn(Instant at) => query.From <= at && at < query.To;
        var usage = memory.Usage.Where(row => row.Usage.Labels.Org == query.Org.Org.Id && IsIn(row.EffectiveAt)).ToList();
        var postings = memory.Postings.Select(row => row.Posting)
            .Where(posting => (posting.Debit == revenue || posting.Credit == revenue) && IsIn(posting.EffectiveAt)).ToList();
        UsageLabels Of(Posting posting) => memory.Usage[(int)posting.UsageSeq - 1].Usage.Labels;
        return [.. usage.Select(row => (Slot: query.SlotOf(row.EffectiveAt), row.Usage.Labels))
            .Concat(postings.Select(posting => (Slot: query.SlotOf(posting.EffectiveAt), Labels: Of(posting)))).Distinct()
            .OrderBy(key => key.Slot).ThenBy(key => memory.Usage.First(row => row.Usage.Labels == key.Labels).Labels)
            .Select(key => Sum(
                key.Slot, key.Labels, [.. usage.Where(row => query.SlotOf(row.EffectiveAt) == key.Slot && row.Usage.Labels == key.Labels)],
                [.. postings.Where(posting => query.SlotOf(posting.EffectiveAt) == key.Slot && Of(posting) == key.Labels)]))];
    }

    private static string Sum(Instant slot, UsageLabels labels, List<UsageRow> usage, List<Posting> postings)
    {
        static Amount Signed(Posting posting) => posting.Kind == PostingKind.Reversal ? -posting.Amount : posting.Amount;
        var counts = usage.Select(row => row.Usage.Counts).ToList();
        var corrections = postings.Where(posting => posting.Kind != PostingKind.Charge).ToList();
        return $"{slot} {labels}: {usage.Count} {usage.Count(row => row.Usage.Failed)} {counts.Sum(count => count.InputTokens)} "
            + $"{counts.Sum(count => count.CacheReadTokens)} {counts.Sum(count => count.CacheWriteTokens)} {counts.Sum(count => count.OutputTokens)} "
            + $"{counts.Sum(count => count.ReasoningTokens)} {Amount.Sum(usage.Select(row => row.ProviderCost))} {Amount.Sum(usage.Select(row => row.Charge))} "
            + $"{usage.Select(row => row.RecordedAt.UnixMicros).DefaultIfEmpty(0).Max()} {postings.Count} {Amount.Sum(postings.Select(Signed))} "
            + $"{Amount.Sum(corrections.Select(Signed))} {Amount.Sum(corrections.Where(posting => !posting.IsPostingRepair).Select(Signed))} "
            + $"{postings.Select(posting => posting.Seq).DefaultIfEmpty(0).Min()} {postings.Select(posting => posting.Seq).DefaultIfEmpty(0).Max()} "
            + $"{postings.Select(posting => posting.RecordedAt.UnixMicros).DefaultIfEmpty(0).Max()}";
    }

    private static string Said(LabelledLine line)
    {
        var sums = line.Sums;
        return $"{line.Slot} {line.Labels}: {sums.Attempts} {sums.Failures} {sums.InputTokens} {sums.CacheReadTokens} {sums.CacheWriteTokens} "
            + $"{sums.OutputTokens} {sums.ReasoningTokens} {sums.ProviderCost} {sums.UsageCharge} {sums.LastUsageAt} {sums.Postings} {sums.Charge} "
            + $"{sums.Corrections} {sums.UsageCorrections} {sums.FirstPosting} {sums.LastPosting} {sums.LastPostingAt}";
    }

    private static IEnumerable<string> ExpectedStatuses(MemoryLedger memory, RecountQuery query)
    {
        bool IsIn(Instant at) => query.From <= at && at < query.To;
        var usage = memory.Usage.Where(row => row.Usage.Labels.Org == query.Org.Org.Id && IsIn(row.EffectiveAt));
        var corrections = memory.Postings.Where(row =>
            UsageEntry.IsCorrection(row.Posting) && row.Posting.Org == query.Org.Org.Id && IsIn(row.Posting.EffectiveAt));
        return usage.Select(row => new UsageEntry(row))
            .Concat(corrections.Select(row => new UsageEntry(memory.Usage[(int)row.Posting.UsageSeq - 1], row)))
            .GroupBy(entry => (
                Slot: query.SlotOf(entry.EffectiveAt), entry.Usage.Usage.Labels, Traits: UsageTraits.Of(entry.Usage), Absent: Absent(entry.Usage.Usage)))
            .Select(same =>
            {
                var rows = same.Where(entry => entry.Correction is null).Select(entry => entry.Usage).ToList();
                return new StatusCount(
                    same.Key.Slot, same.Key.Labels, same.Key.Traits, same.Key.Absent, rows.Count, rows.Count(row => row.Charge != Amount.Zero),
                    Amount.Sum(rows.Select(row => row.Charge)), Amount.Sum(rows.Select(row => row.ProviderCost)),
                    Amount.Sum(same.Where(entry => entry.Correction is not null).Select(entry => entry.Charge)),
                    rows.Select(row => row.Usage.OccurredAt).DefaultIfEmpty(Instant.UnixEpoch).Max());
            })
            .Select(line => $"{line}").Order(StringComparer.Ordinal);
    }

    private static AbsentIds Absent(UsageRecord usage) => new[]
    {
        (usage.CorrelationId, AbsentIds.Correlation), (usage.TraceId, AbsentIds.Trace),
        (usage.WorkflowId, AbsentIds.Workflow), (usage.EndUser, AbsentIds.EndUser),
    }.Where(id => id.Item1 is null).Aggregate(AbsentIds.None, (all, id) => all | id.Item2);

    private static string ExpectedStatement(MemoryLedger memory, OrgState org, Month month)
    {
        var (from, to, customer) = (month.Start(org.Zone), month.End(org.Zone), org.AccountNo(AccountKind.Customer));
        var all = memory.Postings.Select(row => row.Posting).Where(posting => posting.Org == org.Org.Id && posting.EffectiveAt < to).ToList();
        var own = all.Where(posting => posting.EffectiveAt >= from).ToList();
        Amount Moved(IEnumerable<Posting> postings) => Amount.Sum(postings.Select(posting => posting.Credit == customer ? posting.Amount : -posting.Amount));
        IEnumerable<Posting> With(AccountKind kind) => own.Where(posting => posting.Debit == org.AccountNo(kind) || posting.Credit == org.AccountNo(kind));
        return Said(
            Moved(all.Except(own)), Moved(With(AccountKind.Funding)),
            Moved(With(AccountKind.Promotion).Where(posting => posting.Kind != PostingKind.GrantExpiry)),
            -Moved(With(AccountKind.Promotion).Where(posting => posting.Kind == PostingKind.GrantExpiry)),
            -Moved(With(AccountKind.Revenue).Where(posting => posting.Kind == PostingKind.Charge)),
            -Moved(With(AccountKind.Revenue).Where(posting => posting.Kind != PostingKind.Charge)), all.Select(posting => posting.Seq).DefaultIfEmpty(0).Max());
    }

    private static string Said(Statement statement) => Said(
        statement.Opening, statement.TopUps, statement.Grants, statement.GrantsExpired, statement.Charges, statement.Corrections, statement.LastPosting);

    private static string Said(
        Amount opening, Amount topUps, Amount grants, Amount expired, Amount charges, Amount corrections, long last) =>
        $"{opening}: {topUps} {grants} {expired} {charges} {corrections}, last {last}";
}
