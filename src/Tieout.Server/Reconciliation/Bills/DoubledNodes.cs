namespace Tieout.Server.Reconciliation.Bills;

/// <summary>Some exporters emit a node twice in one window, with and without its instance type, and the one without has a cost of its own
/// (opencost#3620).</summary>
internal static class DoubledNodes
{
    /// <summary>The lines without the type of nodes that have lines with it. A node of which every line lacks the type is taken as it is.</summary>
    public static HashSet<BillLine> Empty(IEnumerable<BillLine> lines) => Of(lines).SelectMany(node => node.Where(line => line.InstanceType!.Length == 0))
        .ToHashSet(ReferenceEqualityComparer.Instance as IEqualityComparer<BillLine>);

    /// <summary>All lines of such nodes, by node and window.</summary>
    public static IEnumerable<IGrouping<string?, BillLine>> Of(IEnumerable<BillLine> lines) =>
        lines.Where(line => line.Node is not null).GroupBy(line => line.Node, StringComparer.Ordinal)
            .Where(node => node.Any(line => line.InstanceType!.Length > 0) && node.Any(line => line.InstanceType!.Length == 0));
}
