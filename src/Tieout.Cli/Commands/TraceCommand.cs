using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Server.Tracing;

namespace Tieout.Cli.Commands;

/// <summary><c>trace ID</c>: from a correlation id, an operation or a usage record to all that came of it.</summary>
internal static class TraceCommand
{
    public static Command Build(Globals globals)
    {
        var id = new Argument<string>("ID") { Description = "A correlation id, an operation's id or a usage record's." };
        var org = new Option<string?>("--org") { Description = "Default: whichever org has it.", HelpName = "ORG" };
        return globals.Calling(new("trace", "Show everything that a request caused: holds, usage, postings, windows, messages, invoice line.") { id, org },
            async (call, api, cancellationToken) =>
        {
            string[] path = call.Get(org) is { } named ? ["orgs", named, "trace", call.Get(id)] : ["trace", call.Get(id)];
            var answer = await api.GetAsync(ApiClient.Path(path), TraceJson.Default.TraceBody, cancellationToken);
            await call.AnswerAsync(answer, TraceJson.Default.TraceBody, WriteAsync);
            return ExitCode.Ok;
        });
    }

    private static async Task WriteAsync(TraceBody trace, TextWriter text)
    {
        await text.WriteLineAsync(
            $"{trace.Id} is {(trace.FoundAs is "operation_id" ? "an" : "a")} {trace.FoundAs.Replace('_', ' ')} of {trace.Org ?? "no org"}: {trace.Charge}{(trace.Asset is null ? "" : " " + trace.Asset)} charged{(trace.Settled ? "" : "; still in flight")}.");
        await SayAsync("correlation", trace.CorrelationIds);
        await SayAsync("trace", trace.TraceIds);
        await SayAsync("operation", trace.OperationIds);
        foreach (var envelope in trace.Envelopes)
        {
            var state = envelope.Intact switch
            {
                true => "intact",
                false => $"broken from no. {envelope.Broken?.No} on ({envelope.Broken?.Flaw})",
                null =>
                "not to be checked here"
            };
            await text.WriteLineAsync($"envelope     {envelope.IssuanceId}: {envelope.Steps.Count} {(envelope.Steps.Count == 1 ? "step" : "steps")}, {state}");
        }

        await text.WriteLineAsync();
        var table = new TextTable("TIME", "STEP", ">NO", ">AMOUNT", ">COMMIT", "HASH", "WHAT");
        foreach (var step in trace.Steps)
        {
            table.Add(step.At, step.Kind, $"{step.AttemptNo}", step.Amount?.ToString(), $"{step.Commit}", step.Hash?[..12], step.What);
        }

        await table.WriteAsync(text);
        if (trace.Truncated) await text.WriteLineAsync("The id has more operations than are shown. Ask for one of them.");

        async Task SayAsync(string what, IReadOnlyList<string> ids)
        {
            if (ids.Count > 0)
            {
                await text.WriteLineAsync($"{what.PadRight(11)}  {string.Join(", ", ids.Take(5))}{(ids.Count > 5 ? $" and {ids.Count - 5} more" : "")}");
            }
        }
    }
}
