using System.Globalization;
using System.Text;
using System.Text.Json;
using Tieout.Server.Http;

namespace Tieout.Server.Reconciliation.Bills;

/// <summary>OpenCost's <c>/allocation</c> answer, or its CSV export: what a cluster cost, by namespace and day. A namespace is compared as a project.</summary>
internal static class OpenCostBills
{
    /// <summary>Where exporters put the instance type of a node.</summary>
    private static readonly string[] InstanceTypes = ["instance_type", "instanceType", "node_kubernetes_io_instance_type", "beta_kubernetes_io_instance_type",
        "node.kubernetes.io/instance-type"];

    public static async Task ReadAsync(Stream file, string? column, Action<BillLine> line, CancellationToken cancellationToken)
    {
        var first = new byte[64];
        var length = await file.ReadAtLeastAsync(first, first.Length, throwOnEndOfStream: false, cancellationToken);
        await using var whole = new PrefixedStream(first.AsMemory(0, length), file);
        var start = first.AsSpan(0, length);
        if (start.StartsWith(Encoding.UTF8.Preamble)) start = start[3..];
        if (start.TrimStart(" \t\r\n"u8) is [(byte)'{', ..]) await ReadJsonAsync(whole, line, cancellationToken);
        else await ReadCsvAsync(whole, column ?? "TotalCost", line, cancellationToken);
    }

    private static async Task ReadJsonAsync(Stream file, Action<BillLine> line, CancellationToken cancellationToken)
    {
        using var document = await BillJson.DocumentAsync(file, cancellationToken);
        if (BillJson.Count(document.RootElement, "code", "$") != 200) throw FileRefused.Whole("The answer's code is not 200.");
        var step = 0;
        foreach (var set in BillJson.Array(document.RootElement, "data", "$"))
        {
            var at = $"$.data[{step++}]";
            if (set.ValueKind == JsonValueKind.Null) continue;
            if (set.ValueKind != JsonValueKind.Object) throw FileRefused.Whole($"{at} is not an object of allocations.");
            foreach (var allocation in set.EnumerateObject()) line(Line(allocation.Name, allocation.Value, $"{at}.{allocation.Name}"));
        }
    }

    private static BillLine Line(string name, JsonElement allocation, string place)
    {
        var window = BillJson.Object(allocation, "window", place);
        var properties = BillJson.Object(allocation, "properties", place);
        var labels = BillJson.Find(properties, "labels", out var found) && found.ValueKind == JsonValueKind.Object ? found : properties;

        // NaN and infinity become null on the way out: nothing is known, which is not a cost.
        var cost = BillJson.Find(allocation, "totalCost", out var total) && total.ValueKind == JsonValueKind.Null
            ? 0 : BillJson.Figure(allocation, "totalCost", place);
        return new(BillJson.Day(BillJson.Time(window, "start", place), BillJson.Time(window, "end", place), place), cost, place)
        {
            Project = IsNobody(name) ? null : BillJson.Text(properties, "namespace", place) ?? name,
            Aside = Aside(name),
            Node = BillJson.Text(properties, "node", place) is { } node
                ? $"{node} {BillJson.Text(window, "start", place)} to {BillJson.Text(window, "end", place)}" : null,
            ProviderId = BillJson.Text(properties, "providerID", place),
            InstanceType = InstanceTypes.Select(label => BillJson.Text(labels, label, place) ?? BillJson.Text(properties, label, place)).FirstOrDefault(
                type => type is not null) ?? "",
        };
    }

    private static Task ReadCsvAsync(Stream file, string cost, Action<BillLine> line, CancellationToken cancellationToken)
    {
        (string, bool)[] columns = [("Date", true), ("Namespace", true), (cost, true), ("Node", false), ("instance_type", false)];
        return CsvRows.ReadAsync(file, columns, (cells, at) =>
        {
            if (!DateOnly.TryParseExact(cells[0], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
                && !(DateTimeOffset.TryParseExact(cells[0], ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd HH:mm:ss"], CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal, out var time) && Day(time, out day)))
            {
                throw FileRefused.At(at, $"'{Inputs.Shown(cells[0])}' is not a day.");
            }

            var name = cells[1] ?? "";
            line(new(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), Figure.Read(cells[2]?.Trim(), at, cost), $"Line {at}")
            {
                Project = IsNobody(name) ? null : name,
                Aside = Aside(name),
                Node = cells[3] is { Length: > 0 } node ? $"{node} {cells[0]}" : null,
                InstanceType = cells[4]?.Trim() ?? "",
            });
        }, cancellationToken);
    }

    private static bool Day(DateTimeOffset time, out DateOnly day)
    {
        day = DateOnly.FromDateTime(time.UtcDateTime);
        return true;
    }

    private static bool IsNobody(string name) =>
        name.Length == 0 || (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal));

    /// <summary>Idle and unallocated cost is no tenant's.</summary>
    private static string? Aside(string name) => IsNobody(name) ? name.Trim('_') is { Length: > 0 } what ? what : "unallocated" : null;
}
