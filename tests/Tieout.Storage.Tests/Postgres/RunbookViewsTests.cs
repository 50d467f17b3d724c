using Tieout.Core;
using Tieout.Core.Attribution.Contracts;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tools;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;

namespace Tieout.Storage.Tests.Postgres;

/// <summary>The SQL of an existing runbook for cost spikes (R4) runs as it is.</summary>
public sealed class RunbookViewsTests
{
    private static readonly (string Name, string Sql, string Expected)[] Steps =
    [
        ("confirm",
            "SELECT count(*) || ' ' || sum(cost_usd) || ' ' || round(sum(cost_usd) / count(*), 4) FROM inference_events WHERE created_at > now() - interval '48 hours'", "4 10 2.5000"),
        ("hourly", "SELECT count(*) FROM (SELECT date_trunc('hour', created_at) AS hour, count(*) AS requests, sum(cost_usd) AS cost FROM inference_events GROUP BY 1 ORDER BY 1) hours", "1"),
        ("users", "SELECT count(DISTINCT user_id) FROM inference_events", "2"),
        ("hidden recompute",
            "SELECT round(count(*) FILTER (WHERE trigger_type IN ('undo', 'retry', 'auto_save'))::numeric / count(*), 2) FROM inference_events", "0.50"),
        ("tokens", "SELECT avg(input_tokens)::int || ' ' || percentile_cont(0.95) WITHIN GROUP (ORDER BY output_tokens)::int FROM inference_events", "10 5"),
        ("feature", "SELECT feature FROM inference_events GROUP BY feature ORDER BY sum(cost_usd) DESC LIMIT 1", "editor"),
        ("tools", "SELECT string_agg(tool_name || ' ' || calls || ' ' || failed || ' ' || retried, ', ' ORDER BY tool_name) FROM (SELECT tool_name, count(*) AS calls, count(*) FILTER (WHERE NOT success) AS failed, avg(retries)::int AS retried FROM tool_calls WHERE created_at > now() - interval '7 days' GROUP BY tool_name) tools", "read_file 1 0 0, search 3 1 1"),
        ("entries", "SELECT count(*) || ' ' || sum(amount_nanos) FROM ledger_entries WHERE kind = 'charge'", "12 0"),
        ("usage", "SELECT sum(charge)::text FROM usage_records WHERE org_id = 'acme'", "10.2"),
    ];

    [Fact]
    public async Task The_sql_of_the_runbook_runs_unchanged()
    {
        var store = PostgresServer.Instance.NewStore();
        await using var ledger = await PostgresLedger.OpenAsync(store);
        foreach (var command in (Command[])[Make.OpenOrg(), Make.TopUp(100 * Amount.NanosPerUnit)])
        {
            await ledger.SubmitAsync(command, TestContext.Current.CancellationToken);
        }

        var at = Instant.From(DateTimeOffset.UtcNow);
        var (chat, editor, undo) = (Labels("chat", "user"), Labels("editor", "auto_save"), Labels("editor", "undo"));
        var tool = new UsageLabels { Org = "acme", Model = "search", Source = UsageSource.ToolCall };
        var priced = (PricedUsage[])
        [
            Make.Priced(1, Units(1), chat, "u1", at), Make.Priced(2, Units(2), chat, "u2", at), Make.Priced(3, Units(3), editor, "u1", at),
            Make.Priced(4, Units(4), undo, "u1", at),
            Make.Priced(5, Units(1) / 10, tool, "u1", at), Retried(Make.Priced(6, Units(1) / 10, tool, "u1", at)),
        ];
        foreach (var usage in priced)
        {
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.Charge(usage, Fact: false), TestContext.Current.CancellationToken));
        }

        foreach (var call in (ToolCall[])
            [new("search", "editor", Failed: false, Retries: 1, at, "api", "call-1"), new("read_file", null, Failed: false, Retries: 0, at, "gateway", "call-2")])
        {
            var record = new Command.AddRecord(RecordKind.ToolCall, "acme", ToolCall.NameOf(ToolCall.ProviderSource, call.Id), call.Body, Once: true);
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(record, TestContext.Current.CancellationToken));
        }

        var database = new Uri(store).AbsolutePath[1..];
        var contract = new JoinContract("usage", "1.0.0", OnViolation.Charge, [new("operation_id", ContractKeyType.Name)], ["feature"]);
        var query = JoinQuery.Sql(contract, "acme", at - TimeSpan.FromDays(1), at + TimeSpan.FromDays(1));
        Assert.Equal("gateway 4 4, tool_call 2 0", PostgresServer.Instance.Sql(
            database, $"SELECT string_agg(usage_source || ' ' || billable || ' ' || complete, ', ' ORDER BY usage_source) FROM (\n{query}\n) counted"));
        Assert.All(Steps, step => Assert.Equal((step.Name, step.Expected), (step.Name, PostgresServer.Instance.Sql(database, step.Sql))));
    }

    private static long Units(int units) => units * Amount.NanosPerUnit;

    private static UsageLabels Labels(string feature, string trigger) =>
        new() { Org = "acme", Feature = feature, Trigger = trigger, Provider = "p", Model = "m", Source = UsageSource.Gateway };

    private static PricedUsage Retried(PricedUsage priced) => priced with { Usage = priced.Usage with { AttemptNo = 3, StatusCode = 500 } };
}
