using System.Globalization;
using Tieout.Core.Money;
using Tieout.Server.Http;
using Tieout.Server.Invoicing.Shared;

namespace Tieout.Server.Reconciliation.Bills;

/// <param name="Costs">By kind and name, as the bill names them; each rounded to the nano-unit once.</param>
/// <param name="Rows">Rows that were read.</param>
/// <param name="LeftOut">Rows of nodes that the file counts twice: those without an instance type.</param>
/// <param name="LeftOutCost">What those come to.</param>
public sealed record SharedCosts(IReadOnlyList<SharedCostItemBody> Costs, int Rows, int LeftOut, Amount LeftOutCost);

/// <summary>Reads what is shared from a bill: an answer or export of OpenCost, or rows of FOCUS. Needs no server.</summary>
public static class SharedCostFile
{
    /// <param name="format">opencost or focus.</param>
    /// <param name="window">A month or a day of UTC: rows of other days are refused.</param>
    /// <exception cref="ApiRefusedException">The file cannot be read for certain, or is of another time.</exception>
    public static async Task<SharedCosts> ReadAsync(Stream file, string format, string window, CancellationToken cancellationToken)
    {
        var lines = new List<BillLine>();
        await BillFormat.All[format].Read(file, null, lines.Add, cancellationToken);
        if (lines.Find(line => line.Day?.StartsWith(window, StringComparison.Ordinal) == false) is { } outside)
        {
            throw FileRefused.Whole($"{outside.Place} is of {outside.Day}, which is not in {window}. Split the file, or name another window.");
        }

        HashSet<BillLine> twice = format == "opencost" ? DoubledNodes.Empty(lines) : [];
        var costs = lines.Where(line => !twice.Contains(line)).GroupBy(line => (Kind: KindOf(line, format), Name: NameOf(line, format)))
            .OrderBy(group => group.Key.Kind, StringComparer.Ordinal).ThenBy(group => group.Key.Name, StringComparer.Ordinal)
            .Select(group => new SharedCostItemBody(group.Key.Kind, group.Key.Name, Sum(group)));
        return new([.. costs], lines.Count, twice.Count, Sum(twice));
    }

    /// <summary>Of a cluster, what nobody used is idle. Taxes and credits of a cloud's bill are part of its cost.</summary>
    private static string KindOf(BillLine line, string format) =>
        format != "opencost" || line.Aside is null ? "shared" : line.Aside == "idle" ? "idle" : "unallocated";

    private static string NameOf(BillLine line, string format) =>
        line.Aside ?? (format == "opencost" ? line.Project : line.Provider) ?? "usage";

    private static Amount Sum(IEnumerable<BillLine> lines) => Amount.RoundHalfEven(lines.Sum(line => line.Figure));

    /// <summary>A cost without a file.</summary>
    /// <exception cref="ApiRefusedException">It is not an amount.</exception>
    public static SharedCostItemBody Fixed(string name, string amount) =>
        decimal.TryParse(amount, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _)
            ? new("shared", name, Inputs.Amount(amount, "amount")) : throw FileRefused.Whole($"'{Inputs.Shown(amount)}' is not an amount: write 1250.00.");
}
