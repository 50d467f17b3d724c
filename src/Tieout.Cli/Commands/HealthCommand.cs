using System.CommandLine;

namespace Tieout.Cli.Commands;

/// <summary><c>health</c>: ends with 1 when the ledger cannot be written.</summary>
internal static class HealthCommand
{
    public static Command Build(Globals globals) => globals.Calling(new("health", "Show the ledger's health."), async (call, api, cancellationToken) =>
    {
        var answer = await api.GetAsync("health", ApiClient.Json.LedgerHealthBody, cancellationToken);
        await call.AnswerAsync(answer, ApiClient.Json.LedgerHealthBody, (health, text) => text.WriteLineAsync(
            $"""
            {health.Status}{(health.Reason is null ? "" : $": {health.Reason}")}
            queue {health.QueueDepth}, spool {health.SpoolDepth}, dropped {health.DroppedRecords}, last commit {health.LastCommitMs} ms, commit {health.AsOf} at {health.LastWriteAt ?? "no time yet"}
            orgs {health.Orgs}, open holds {health.OpenHolds}, commands in quarantine {health.Quarantined}
            figures that do not say what their rows come to {health.Drift}, rows to count {health.RowsToCount}
            webhooks: {health.WebhooksWaiting} wait{(health.WebhooksOldestSeconds is { } age ? $", the oldest for {age} s" : "")}; {health.WebhooksDead} are dead
            """));
        return answer.Writable ? ExitCode.Ok : ExitCode.Findings;
    });
}
