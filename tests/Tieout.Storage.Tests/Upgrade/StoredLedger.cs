using System.Globalization;
using System.Text;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Storage.Tests.Upgrade;

/// <summary>The ledger that is stored for each schema: rows in every table that the chain covers, and the figures that they come to.</summary>
internal static class StoredLedger
{
    private const int RowsMax = 1_000;

    private static readonly Instant End = Instant.From(new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));

    /// <summary>When the last of its rows was written.</summary>
    public static Instant LastAt { get; } = Instant.From(new DateTimeOffset(2026, 4, 14, 12, 0, 0, TimeSpan.Zero));

    /// <summary>Writes rows of every kind. Of the samples some are refused. Without the repair of usage that no posting charges: here every usage has its
    /// posting.</summary>
    public static async Task WriteAsync(ILedger ledger, FakeClock clock)
    {
        var cancel = TestContext.Current.CancellationToken;
        foreach (var command in CommandSamples.All.Where(sample => sample is not Command.ChargeRecorded))
        {
            await ledger.SubmitAsync(CommandSamples.Asked(command), cancel);
        }

        clock.Now += TimeSpan.FromMinutes(1);
        await ledger.SubmitAsync(
            [
                Make.OpenOrg("beta"), Make.TopUp(10_000, "t2", "beta"), Make.Budget(5_000), Make.TopUp(6_000_000_000_000_000_000, "t3"),
                Make.TopUp(6_000_000_000_000_000_000, "t4"),
                .. Enumerable.Range(100, 40)
                    .Select(id => (Command)new Command.PlaceHold(
                        Make.Id(id), Make.Labels(team: "red", feature: "chat"), "u1", $"op{id}", new(30), TimeSpan.FromHours(1))),
            ],
            cancel);
        await ledger.SubmitAsync(
            [.. Enumerable.Range(100, 30).Select(id => Make.Settle(id, 20, Make.Labels(team: "red", feature: "chat"), "u1", clock.Now))], cancel);
        clock.Now = LastAt;
        await ledger.SubmitAsync([.. Enumerable.Range(200, 20).Select(id => Make.Charge(id, (Int128)long.MaxValue / 40, at: clock.Now, fact: true))], cancel);
        await ledger.SubmitAsync([new Command.Correct("c2", "acme", 10, new(5), "wrong price"), new Command.Correct("c3", "acme", 12, null, "twice"),
            new Command.EndObject("acme", ObjectKind.Response, "o", "{}")], cancel);
        await ledger.Deliveries.RouteAsync(() => [new("wh", null, [], default)], cancel);
        await ledger.KeyUses.StoreAsync([new("acme", "key_1", clock.Now)], cancel);
    }

    /// <summary>Every figure and row that the readers give, as text, a line each.</summary>
    public static async Task<string> FiguresAsync(ILedger ledger)
    {
        var (read, cancel, text) = (ledger.Read, TestContext.Current.CancellationToken, new StringBuilder());
        void Line(string what, params object?[] values) =>
            text.AppendLine(CultureInfo.InvariantCulture, $"{what}: {string.Join(' ', values.Select(value => value ?? "-"))}");
        Line("heads", [.. (await read.HeadsAsync(cancel)).Where(head => head.Commit > 0).Select(head => $"{head.Bucket}/{head.Commit}/{head.Hash}")]);
        foreach (var org in read.Orgs.Select(state => state.Org.Id).Order(StringComparer.Ordinal))
        {
            var balance = read.Balance(org)!;
            Line($"{org} balance", balance.Debits.Nanos, balance.Credits.Nanos, balance.Held.Nanos, balance.Version);
            foreach (var budget in read.Budgets(org, LastAt))
            {
                Line($"{org} budget", budget.State.Budget.Id, budget.Period.Start.UnixMicros, budget.Each, budget.Posted.Nanos, budget.Held.Nanos,
                    budget.LastAlertedPercent);
            }

            var totals = await read.TotalsAsync(org, Instant.UnixEpoch, End, cancel);
            Line($"{org} totals", totals.Postings.Nanos, totals.Usage.Nanos, totals.PostingCount, totals.UsageCount);
            foreach (var sum in await read.ChargesAsync(org, Instant.UnixEpoch, End, cancel))
            {
                Line($"{org} charges", sum.Model, (int)sum.Source, sum.Attempts, sum.InputTokens, sum.OutputTokens, sum.Charge.Nanos, sum.Corrections.Nanos);
            }

            foreach (var cell in await read.CellsAsync(org, Instant.UnixEpoch, End, cancel))
            {
                Line($"{org} cell", cell.Hour.UnixMicros, cell.Labels.Team, cell.Sums.Attempts, cell.Sums.OutputTokens, cell.Sums.ProviderCost.Nanos,
                    cell.Sums.Charge.Nanos);
            }

            await foreach (var row in read.UsageAsync(new(org, Instant.UnixEpoch, End), cancel))
            {
                Line($"{org} usage", row.Seq, row.Usage.Id, row.Charge.Nanos, (int)row.Flags, row.RecordedAt.UnixMicros, row.Crc);
            }

            await foreach (var posting in read.PostingsAsync(org, Instant.UnixEpoch, End, 0, cancel))
            {
                Line($"{org} posting", posting.Seq, (int)posting.Kind, posting.Debit, posting.Credit, posting.Amount.Nanos, posting.UsageSeq, posting.CommandId,
                    posting.Reverses, posting.Reason, posting.EffectiveAt.UnixMicros);
            }

            foreach (var entry in await read.LineageAsync(org, "op", cancel))
            {
                Line($"{org} lineage", entry.Seq, Convert.ToHexStringLower(entry.Row.Link), entry.Crc);
            }

            foreach (var kind in Enum.GetValues<ObjectKind>())
            {
                foreach (var kept in await read.ObjectsAsync(org, kind, long.MaxValue, RowsMax, cancel))
                {
                    Line($"{org} object", (int)kind, kept.Object.Id, kept.Object.Body, kept.End?.Body, kept.Row.Crc);
                }
            }
        }

        foreach (var state in Enum.GetValues<HoldState>())
        {
            Line($"holds {state}", [.. (await read.HoldsAsync(null, state, RowsMax, cancel)).Select(held => $"{held.Hold.Seq}/{held.EndedAt?.UnixMicros}")]);
        }

        foreach (var setting in read.Settings) Line("setting", setting.Seq, (int)setting.Kind, setting.Org, setting.Name, setting.Body, setting.Crc);
        foreach (var row in await read.FindingsAsync(null, RowsMax, cancel)) Line("finding", row.Seq, row.Code.Name, row.Org, row.Attempt, row.Detail, row.Crc);
        foreach (var row in await read.AuditAsync(new(null, null, null, null, null, RowsMax), cancel))
        {
            Line("audit", row.Row.Seq, row.Row.Action, row.Row.Outcome, row.Row.Crc);
        }

        foreach (var row in await read.OutboxAsync(null, 0, RowsMax, cancel)) Line("message", row.Seq, row.Id, row.Org, row.Type, row.Body, row.Crc);
        foreach (var kind in Enum.GetValues<RecordKind>())
        {
            foreach (var row in await read.RecordsAsync(kind, null, null, RowsMax, cancel))
            {
                Line("record", row.Seq, (int)row.Kind, row.Org, row.Name, row.Body, row.Crc);
            }
        }

        foreach (var use in await ledger.KeyUses.OfAsync("acme", cancel)) Line("key use", use.Key, use.Value.UnixMicros);
        Line("deliveries", (await ledger.Deliveries.ListAsync(new(), cancel)).Count);
        return text.ToString();
    }
}
