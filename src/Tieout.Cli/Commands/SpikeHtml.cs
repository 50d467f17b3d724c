using System.Globalization;
using System.Net;
using Tieout.Core.Money;
using Tieout.Server.Spike;

namespace Tieout.Cli.Commands;

/// <summary>A report of a spike as one page without scripts: hours as bars, parts of the change as bars to the left and right.</summary>
internal static class SpikeHtml
{
    private const string Style =
        "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:left}"
        + "td.n{text-align:right;font-variant-numeric:tabular-nums}.finding{color:#b00020}.pass{color:#1b6e3c}svg{display:block}.before{fill:#8a8f98}.after,.up{fill:#b00020}.down{fill:#1b6e3c}";

    private const int HoursHeight = 120, HourWidth = 14, PartWidth = 200, PartHeight = 14;

    public static async Task WriteAsync(SpikeBody spike, TextWriter text)
    {
        var name = Safe(spike.Org ?? "all orgs");
        await text.WriteLineAsync($"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Cost of {name}</title><style>{Style}</style>");
        await text.WriteLineAsync($"<h1>{Safe(spike.Verdict.Replace('_', ' '))}: {name}</h1><p>{Safe(SpikeCommand.Head(spike))}</p><p><b>{Safe(spike.Sentence)}</b></p>");
        await text.WriteLineAsync($"<h2>Cost of each hour, {SpikeCommand.Short(spike.From)} to {SpikeCommand.Short(spike.At)}</h2>{Hours(spike)}");
        foreach (var each in spike.Components)
        {
            await text.WriteLineAsync(
                $"<p>{Safe($"{each.Dimension} {each.Value}")} rose by itself since {Safe(each.Onset)}: {each.Actual}, expected {each.Expected}.</p>");
        }

        await WritePartsAsync(spike, text);
        if (SpikeCommand.Estimate(spike) is { } estimate) await text.WriteLineAsync($"<p>{Safe(estimate)}</p>");
        foreach (var cause in spike.Causes) await WriteAsync(cause, text);
        await WriteMitigationsAsync(spike, text);
        foreach (var step in spike.Steps)
        {
            await text.WriteLineAsync($"<h3 class=\"{Safe(step.Verdict)}\">{step.No}. {Safe(step.Title)} {Safe(step.Verdict.ToUpperInvariant())}</h3><ul>");
            foreach (var figure in step.Figures) await text.WriteLineAsync($"<li>{Safe(figure)}</li>");
            await text.WriteLineAsync($"</ul>{(step.Advice is { } advice ? $"<p>{Safe(advice)}</p>" : "")}");
        }

        await WriteContributorsAsync(spike, text);
        await text.WriteLineAsync("</html>");
    }

    private static async Task WriteMitigationsAsync(SpikeBody spike, TextWriter text)
    {
        if (spike.Mitigations.Count == 0) return;
        await text.WriteLineAsync("<h2>Mitigations to choose from</h2><ul>");
        foreach (var item in spike.Mitigations)
        {
            await text.WriteLineAsync($"<li>{Safe(item.Why)} {Safe(item.Preview.Sentence)}<br><code>{Safe(MitigateOptions.Apply(item))}</code></li>");
        }

        await text.WriteLineAsync("</ul>");
    }

    private static async Task WriteContributorsAsync(SpikeBody spike, TextWriter text)
    {
        if (spike.Contributors.Count == 0) return;
        var labels = string.Concat(spike.Contributors[0].Labels.Keys.Select(label => $"<th>{Safe(label)}"));
        await text.WriteLineAsync($"<h2>Largest increases</h2><table><tr>{labels}<th>expected<th>actual<th>change</tr>");
        foreach (var line in spike.Contributors)
        {
            var values = string.Concat(line.Labels.Values.Select(value => $"<td>{Safe(value ?? "-")}"));
            await text.WriteLineAsync($"<tr>{values}<td class=\"n\">{line.Expected}<td class=\"n\">{line.Actual}<td class=\"n\">{line.Change}</tr>");
        }

        await text.WriteLineAsync("</table>");
    }

    /// <summary>Hours from the onset on have another colour, and each bar says its figure.</summary>
    private static string Hours(SpikeBody spike)
    {
        var most = spike.Hours.Select(hour => hour.Cost).DefaultIfEmpty().Max();
        var bars = spike.Hours.Select((hour, i) =>
        {
            var height = most.Nanos > 0 && hour.Cost.Nanos > 0 ? (int)(hour.Cost.Nanos * HoursHeight / most.Nanos) : 0;
            var isAfter = spike.Onset is { } onset && string.CompareOrdinal(hour.Hour, onset) >= 0 && string.CompareOrdinal(hour.Hour, spike.End) < 0;
            return Numbers($"<rect class=\"{(isAfter ? "after" : "before")}\" x=\"{i * HourWidth}\" y=\"{HoursHeight - height}\" width=\"{HourWidth - 2}\" height=\"{height}\">")
                + $"<title>{Safe(hour.Hour)}: {hour.Cost} {Safe(spike.Asset)}</title></rect>";
        });
        return Numbers($"<svg role=\"img\" aria-label=\"Cost of each hour\" width=\"{spike.Hours.Count * HourWidth}\" height=\"{HoursHeight}\">") + $"{string.Concat(bars)}</svg>";
    }

    private static async Task WritePartsAsync(SpikeBody spike, TextWriter text)
    {
        await text.WriteLineAsync($"<h2>The change, in parts that add up to it</h2><table><tr><th>Part<th>{Safe(spike.Asset)}<th><th>Of it</tr>");
        var most = spike.Parts.Select(part => Int128.Abs(part.Effect.Nanos)).DefaultIfEmpty().Max();
        foreach (var part in spike.Parts)
        {
            var of = string.Join(", ", part.Parts.Where(each => each.Effect.Nanos != 0).Select(each => $"{each.Part.Replace('_', ' ')} {each.Effect}"));
            await text.WriteLineAsync($"<tr><td>{Safe(part.Driver.Replace('_', ' '))}<td class=\"n\">{part.Effect}<td>{Bar(part.Effect, most)}<td>{Safe(of)}</tr>");
        }

        await text.WriteLineAsync($"<tr><th>change<td class=\"n\"><b>{spike.Change}</b><td><td></tr></table>");
    }

    private static string Bar(Amount effect, Int128 most)
    {
        var width = most > 0 ? (int)(Int128.Abs(effect.Nanos) * PartWidth / most) : 0;
        var left = effect.Nanos < 0 ? PartWidth - width : PartWidth;
        return Numbers($"<svg aria-hidden=\"true\" width=\"{2 * PartWidth}\" height=\"{PartHeight}\"><rect class=\"{(effect.Nanos < 0 ? "down" : "up")}\" x=\"{left}\" width=\"{width}\" height=\"{PartHeight}\"/></svg>");
    }

    private static async Task WriteAsync(SpikeCauseBody cause, TextWriter text)
    {
        await text.WriteLineAsync($"<h2>{Safe(cause.Cause.Replace('_', ' '))}: {cause.Effect}, {cause.SharePercent} % of what rose</h2><ul>");
        foreach (var place in cause.Places)
        {
            var labels = string.Join(", ", place.Labels.Select(label => $"{label.Key} {label.Value ?? "(none)"}"));
            await text.WriteLineAsync($"<li>{Safe(labels)}: {place.CoveragePercent} % of it, {place.BaselinePercent} % of the expected cost</li>");
        }

        await text.WriteLineAsync($"</ul><p><b>First:</b> {Safe(cause.Advice)} <b>It could also be:</b> {Safe(cause.Else)}</p>");
    }

    private static string Numbers(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Safe(string text) => WebUtility.HtmlEncode(text);
}
