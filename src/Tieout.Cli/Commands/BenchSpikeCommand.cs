using System.CommandLine;
using System.Globalization;
using Tieout.Bench.Spike;
using Tieout.Cli.Output;

namespace Tieout.Cli.Commands;

/// <summary><c>bench spike</c>: how long a diagnosis takes, a pass of the detector, and what mitigations add to a request.</summary>
internal static class BenchSpikeCommand
{
    public static Command Build(Globals globals)
    {
        var labels = new Option<int>("--labels") { Description = "About how many label sets.", DefaultValueFactory = _ => 10_000 };
        var requests = new Option<int>("--requests") { Description = "Requests in an hour, over all label sets.", DefaultValueFactory = _ => 20_000 };
        var orgs = new Option<int>("--orgs") { Description = "Orgs that the detector judges.", DefaultValueFactory = _ => 1_000 };
        return globals.Running(
            new("spike", "Measure the diagnosis of a cost spike, the detector, and what ten mitigations add to a request, in memory.") { labels, requests, orgs },
            async (call, cancellationToken) =>
        {
            if (call.Get(labels) < 1 || call.Get(requests) < 1 || call.Get(orgs) < 1)
            {
                throw new CommandFailedException(ExitCode.Usage, "--labels, --requests and --orgs are 1 or more.");
            }

            var result = await SpikeBench.RunAsync(call.Get(labels), call.Get(requests), call.Get(orgs), cancellationToken);
            await call.Shell.Out.WriteLineAsync(call.Json
                ? JsonOutput.Text(result, BenchJson.Default.SpikeBenchResult)
                : string.Create(CultureInfo.InvariantCulture,
                    $"{result.LabelSets:N0} label sets, {result.Leaves:N0} leaves, {result.Lines:N0} lines of {result.Requests:N0} requests: {result.DiagnosisMs} ms ({result.DiagnosisCpuMs} ms of processor time), {result.DiagnosisMb} MiB. {result.Cause}\n{result.DetectorOrgs:N0} orgs: {result.DetectorMs} ms (traffic made in {result.BuildS} s)\n{Words(result.Guardrails)}"));
            return ExitCode.Ok;
        });
    }

    private static string Words(GuardrailsBenchResult added) => string.Create(
        CultureInfo.InvariantCulture,
        $"Ten mitigations add, p50: {added.Plain.AddedP50} µs to a chat of 21 messages, {added.Tools.AddedP50} µs to an agent's 61, {added.Cut.AddedP50} µs where 80 of 101 are cut off");
}
