using System.CommandLine;
using System.Globalization;
using Tieout.Cli.Output;
using Tieout.Server.Spike;

namespace Tieout.Cli.Commands;

/// <summary><c>spike</c>: why the cost rose. Ends with 1 while it is above the usual.</summary>
internal static class SpikeCommand
{
    private const string Bars = "▁▂▃▄▅▆▇█";

    public static Command Build(Globals globals)
    {
        var org = new Option<string?>("--org") { Description = "Default: all orgs of the asset.", HelpName = "ORG" };
        var asset = new Option<string?>("--asset") { Description = "Of all orgs: those that pay in it. Default: the only one there is.", HelpName = "USD" };
        var since = new Option<string?>("--since") { Description = "Judge the hours of this length, up to 14d. Default: 48h.", HelpName = "48h" };
        var baseline = new Option<string?>("--baseline") { Description = "Compare with the time before them, up to 35d. Default: 7d.", HelpName = "7d" };
        var at = new Option<string?>("--at") { Description = "Repeat the report of a past time. Default: now.", HelpName = "TIME" };
        var html = new Option<bool>("--html") { Description = "Print one HTML page with charts, for a review." };
        var command = new Command("spike", "Explain why the cost rose: whether it did, since when, where, and parts that add up to the change exactly.")
        {
            org, asset, since, baseline, at, html,
        };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            string[] path = call.Get(org) is { } named ? ["orgs", named, "spike"] : ["spike"];
            var answer = await api.GetAsync(
                ApiClient.Path(path, ("asset", call.Get(asset)), ("since", call.Get(since)), ("baseline", call.Get(baseline)), ("at", call.Get(at))),
                SpikeJson.Default.SpikeBody, cancellationToken);
            await call.AnswerAsync(answer, SpikeJson.Default.SpikeBody, call.Get(html) ? SpikeHtml.WriteAsync : WriteAsync);
            return answer.Verdict is "rising" or "sustained" or "metering" || answer.Components.Count > 0 ? ExitCode.Findings : ExitCode.Ok;
        });
    }

    private static async Task WriteAsync(SpikeBody spike, TextWriter text)
    {
        await text.WriteLineAsync(Head(spike));
        await text.WriteLineAsync(spike.Sentence);
        await text.WriteLineAsync($"\n{Sparkline(spike.Hours)}  {Short(spike.From)} to {Short(spike.At)}\n");
        await WritePartsAsync(spike, text);
        if (Estimate(spike) is { } estimate) await text.WriteLineAsync(estimate);
        foreach (var component in spike.Components)
        {
            await text.WriteLineAsync(
                $"rose by itself: {component.Dimension} {component.Value} since {Short(component.Onset)}: {component.Actual}, expected {component.Expected}");
        }

        foreach (var cause in spike.Causes) await WriteAsync(cause, text);
        foreach (var item in spike.Mitigations)
        {
            await text.WriteLineAsync($"\nmitigate: {item.Why}");
            await text.WriteLineAsync($"    {item.Preview.Sentence}");
            await text.WriteLineAsync($"    {MitigateOptions.Apply(item)}");
        }

        await text.WriteLineAsync();
        foreach (var step in spike.Steps)
        {
            await text.WriteLineAsync($"{step.No}  {step.Verdict.ToUpperInvariant(),-7}  {step.Title}");
            foreach (var figure in step.Figures) await text.WriteLineAsync($"     {figure}");
            if (step.Advice is { } advice) await text.WriteLineAsync($"     {advice}");
        }

        if (spike.Contributors.Count == 0) return;
        await text.WriteLineAsync("\nLargest increases:");
        var table = new TextTable("ORG", "FEATURE", "TEAM", "KEY", "MODEL", ">EXPECTED", ">ACTUAL", ">CHANGE");
        foreach (var line in spike.Contributors) table.Add([.. line.Labels.Values, $"{line.Expected}", $"{line.Actual}", $"{line.Change}"]);
        await table.WriteAsync(text);
    }

    public static string Head(SpikeBody spike)
    {
        var verdict = spike.Because is null ? spike.Verdict : $"{spike.Verdict} ({spike.Because})";
        var percent = spike.ChangePercent is { } change ? string.Create(CultureInfo.InvariantCulture, $" ({change:+0.#;-0.#;0} %)") : "";
        var range = spike.Onset is null ? $"from {Short(spike.From)}" : $"from {Short(spike.Onset)} to before {Short(spike.End!)}";
        return $"{verdict.ToUpperInvariant()}  {spike.Org ?? "all orgs"}, {range}: {spike.Actual} {spike.Asset}, expected {spike.Expected}{percent}, commit {spike.AsOf}.";
    }

    /// <summary>How far the split over classes of tokens can be trusted; null: it is exact, or follows price lists.</summary>
    public static string? Estimate(SpikeBody spike) => spike.EstimatedPercent == 0 ? null
        : $"estimated: {spike.EstimatedPercent} % of the cost is stated and has no price list. A cached token counts as 0.1 of a fresh one, a written one as 1.25, "
            + "output as 5. 'tieout prices import' makes it exact.";

    private static async Task WritePartsAsync(SpikeBody spike, TextWriter text)
    {
        var table = new TextTable("PART", $">{spike.Asset}", "OF IT");
        foreach (var part in spike.Parts)
        {
            var of = string.Join(", ", part.Parts.Where(each => each.Effect.Nanos != 0).Select(each => $"{each.Part.Replace('_', ' ')} {each.Effect}"));
            table.Add(part.Driver.Replace('_', ' '), $"{part.Effect}", of);
        }

        table.Add("change", $"{spike.Change}", "");
        await table.WriteAsync(text);
    }

    private static async Task WriteAsync(SpikeCauseBody cause, TextWriter text)
    {
        await text.WriteLineAsync($"\n{cause.Cause}: {cause.Effect}, {cause.SharePercent} % of what rose.");
        foreach (var place in cause.Places)
        {
            var labels = string.Join(", ", place.Labels.Select(label => $"{label.Key} {label.Value ?? "(none)"}"));
            await text.WriteLineAsync($"    where  {labels}: {place.CoveragePercent} % of it, {place.BaselinePercent} % of the expected cost");
        }

        await text.WriteLineAsync($"    do     {cause.Advice}");
        await text.WriteLineAsync($"    else   {cause.Else}");
    }

    private static string Sparkline(IReadOnlyList<SpikeHourBody> hours)
    {
        var most = hours.Select(hour => hour.Cost).DefaultIfEmpty().Max();
        return string.Concat(hours.Select(
            hour => most.Nanos <= 0 || hour.Cost.Nanos <= 0 ? Bars[0] : Bars[(int)(hour.Cost.Nanos * (Bars.Length - 1) / most.Nanos)]));
    }

    public static string Short(string time) => time.Length > 16 ? time[..16] + "Z" : time;
}
