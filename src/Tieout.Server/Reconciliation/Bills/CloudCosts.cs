using System.Text.Json;

namespace Tieout.Server.Reconciliation.Bills;

/// <summary>A row of OpenCost's <c>/cloudCost</c> answer: what a cloud charged for one thing.</summary>
/// <param name="Cost">Net cost.</param>
/// <param name="KubernetesShare">The part of it that the cluster used, from 0 to 1.</param>
internal sealed record CloudCost(string? ProviderId, string? Service, string? Category, decimal Cost, decimal KubernetesShare, string Place)
{
    /// <exception cref="Http.ApiRefusedException">It is not such an answer.</exception>
    public static async Task<IReadOnlyList<CloudCost>> ReadAsync(Stream file, CancellationToken cancellationToken)
    {
        using var document = await BillJson.DocumentAsync(file, cancellationToken);
        if (BillJson.Count(document.RootElement, "code", "$") is not (0 or 200)) throw FileRefused.Whole("The answer's code is not 200.");
        var rows = new List<CloudCost>();
        var number = 0;
        foreach (var set in BillJson.Array(BillJson.Object(document.RootElement, "data", "$"), "sets", "$.data"))
        {
            var place = $"$.data.sets[{number++}]";
            if (!BillJson.Find(set, "cloudCosts", out var costs) || costs.ValueKind is not JsonValueKind.Object) continue;
            foreach (var cost in costs.EnumerateObject()) rows.Add(Row(cost.Value, $"{place}.{cost.Name}"));
        }

        return rows;
    }

    private static CloudCost Row(JsonElement row, string place)
    {
        var (properties, net) = (BillJson.Object(row, "properties", place), BillJson.Object(row, "netCost", place));
        var share = BillJson.Find(net, "kubernetesPercent", out _) ? BillJson.Figure(net, "kubernetesPercent", $"{place}.netCost") : 0;
        return share is < 0 or > 1
            ? throw FileRefused.Whole($"{place}.netCost.kubernetesPercent is not a share from 0 to 1.")
            : new(
                BillJson.Text(properties, "providerID", place), BillJson.Text(properties, "service", place), BillJson.Text(properties, "category", place),
                BillJson.Figure(net, "cost", $"{place}.netCost"), share, place);
    }
}
