using System.Text.Json.Serialization;
using Tieout.Core.Money;
using Tieout.Server.Http;

namespace Tieout.Server.Reconciliation.Bills;

/// <summary>What is wrong with OpenCost's figures before anybody is charged by them.</summary>
/// <param name="Rows">Allocations that were read.</param>
/// <param name="DoubledNodes">Nodes that appear in one window both with and without an instance type; the largest cost without it first.</param>
/// <param name="Tenants">What each tenant would be charged with all rows, and without those that lack the instance type; null: idle and unallocated.</param>
/// <param name="Total">The same of all.</param>
/// <param name="CloudRows">Rows of the cloud's bill that were read; null: no bill was given.</param>
/// <param name="Unjoined">Rows of the cloud's bill that no allocation names, the largest first.</param>
/// <param name="HasProviderIds">Whether any allocation names the machine's provider id; without it no row of the bill can be joined.</param>
public sealed record OpenCostReport(
    int Rows, IReadOnlyList<DoubledNode> DoubledNodes, IReadOnlyList<TenantTotalBody> Tenants, TenantTotalBody Total, int? CloudRows,
    IReadOnlyList<UnjoinedCost> Unjoined, bool HasProviderIds)
{
    [JsonIgnore]
    public bool IsClean => DoubledNodes.Count == 0 && Unjoined.Count == 0;
}

/// <param name="Node">The machine and the window.</param>
/// <param name="InstanceTypes">Of the rows that have one.</param>
/// <param name="EmptyCost">What the rows without one cost.</param>
public sealed record DoubledNode(string Node, IReadOnlyList<string> InstanceTypes, int Rows, Amount Cost, int EmptyRows, Amount EmptyCost);

/// <param name="Cost">Net cost of the row.</param>
/// <param name="KubernetesCost">The part that the cluster used.</param>
public sealed record UnjoinedCost(string? ProviderId, string? Service, string? Category, Amount Cost, Amount KubernetesCost);

/// <summary><c>opencost check</c>. Needs no server.</summary>
public static class OpenCostCheck
{
    /// <param name="allocations">An answer of <c>/allocation</c>, or a CSV export.</param>
    /// <param name="cloudCosts">An answer of <c>/cloudCost</c>; null: there is none.</param>
    /// <exception cref="Http.ApiRefusedException">A file is not what it should be.</exception>
    public static async Task<OpenCostReport> ReadAsync(Stream allocations, Stream? cloudCosts, CancellationToken cancellationToken)
    {
        var lines = new List<BillLine>();
        await OpenCostBills.ReadAsync(allocations, column: null, lines.Add, cancellationToken);
        var empty = DoubledNodes.Empty(lines);
        var nodes = DoubledNodes.Of(lines).Select(Node).OrderByDescending(node => node.EmptyCost.Nanos).ThenBy(node => node.Node, StringComparer.Ordinal);
        var tenants = lines.GroupBy(line => line.Project, StringComparer.Ordinal).OrderBy(tenant => tenant.Key, StringComparer.Ordinal)
            .Select(tenant => Total(tenant.Key, tenant, empty));
        var ids = lines.Where(line => line.ProviderId is not null).Select(line => Machine(line.ProviderId!)).ToHashSet(StringComparer.Ordinal);
        var bill = cloudCosts is null ? null : await CloudCost.ReadAsync(cloudCosts, cancellationToken);
        var unjoined = (bill ?? []).Where(row => row.ProviderId is null || !ids.Contains(Machine(row.ProviderId)))
            .Select(row => new UnjoinedCost(row.ProviderId, row.Service, row.Category, Money(row.Cost), Money(row.Cost * row.KubernetesShare)))
            .OrderByDescending(row => row.KubernetesCost.Nanos).ThenByDescending(row => row.Cost.Nanos);
        return new(lines.Count, [.. nodes], [.. tenants], Total("total", lines, empty), bill?.Count, [.. unjoined], ids.Count > 0);
    }

    private static DoubledNode Node(IGrouping<string?, BillLine> node)
    {
        var (filled, empty) = (node.Where(line => line.InstanceType!.Length > 0).ToList(), node.Where(line => line.InstanceType!.Length == 0).ToList());
        return new(
            node.Key!, [.. filled.Select(line => line.InstanceType!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], filled.Count, Sum(filled),
            empty.Count, Sum(empty));
    }

    private static TenantTotalBody Total(string? tenant, IEnumerable<BillLine> lines, HashSet<BillLine> empty) =>
        new(tenant, Sum(lines), Sum(lines.Where(line => !empty.Contains(line))));

    /// <summary>Clouds write <c>aws:///eu-west-1a/i-0abc</c> in one place and <c>i-0abc</c> in another.</summary>
    private static string Machine(string providerId) => providerId[(providerId.LastIndexOf('/') + 1)..];

    private static Amount Sum(IEnumerable<BillLine> lines) => Money(lines.Sum(line => line.Figure));

    private static Amount Money(decimal figure) => Amount.RoundHalfEven(figure);
}

/// <summary>The JSON of the report: snake_case, money as decimal strings.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(OpenCostReport))]
public sealed partial class OpenCostJson : JsonSerializerContext;
