using System.Globalization;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;

namespace Tieout.Server.Reconciliation.Bills;

/// <summary>Gathers the lines of a bill into the right side of a comparison, without those that appear twice.</summary>
/// <param name="spec">Where the bill counts, its last field is <see cref="TieField.Measure"/>.</param>
internal sealed class BillRows(TieSpec spec, BillFormat format, DateOnly? from, DateOnly? to)
{
    private const int LinesMax = 1_000_000;

    private readonly List<BillLine> _lines = [];

    public OutsideSide Side { get; } = new();

    public long Rows => _lines.Count;

    public long LeftOut { get; private set; }

    /// <summary>The days the bill has, the last one included; null: it has none, or lines of more than a day.</summary>
    public (DateOnly First, DateOnly Last)? Days { get; private set; }

    /// <summary>What was set aside; null: nothing can be in this format.</summary>
    public QuarantineBody? Quarantine { get; private set; }

    public void Add(BillLine line)
    {
        if (_lines.Count == LinesMax) throw FileRefused.Whole($"The bill has more than {LinesMax} lines; compare a shorter range.");
        if (line.Day is null && spec.Has(TieField.Day))
        {
            throw FileRefused.Whole($"{line.Place} is of more than one day; compare it without day, over the range that it is of.");
        }

        _lines.Add(line);
    }

    /// <summary>All lines were added.</summary>
    public void Complete()
    {
        var days = _lines.Where(line => line.Day is not null).Select(line => Parsed(line.Day!)).ToList();
        if (days.Count > 0 && days.Count == _lines.Count) Days = (days.Min(), days.Max());
        var quarantined = Twice();
        foreach (var line in _lines)
        {
            var isOutside = line.Day is { } text && Parsed(text) is var day && ((from is { } first && day < first) || (to is { } end && day >= end));
            if (isOutside || quarantined.Contains(line))
            {
                LeftOut++;
                continue;
            }

            var key = new TieKey([.. spec.Columns.Select(column => Value(line, column.Field))]);
            if (line.Aside is { } cause) Side.AddAside(key, line.Figure, format.UnitsPerMajor, cause);
            else Side.Add(key, line.Figure, format.UnitsPerMajor);
        }
    }

    private HashSet<BillLine> Twice()
    {
        if (format.Name != "opencost") return [];
        var twice = DoubledNodes.Empty(_lines);
        var tenants = _lines.GroupBy(line => line.Project, StringComparer.Ordinal).OrderBy(tenant => tenant.Key, StringComparer.Ordinal)
            .Select(tenant => new TenantTotalBody(tenant.Key, Sum(tenant), Sum(tenant.Where(line => !twice.Contains(line)))));
        Quarantine = new(twice.Count, Sum(twice), [.. tenants]);
        return twice;
    }

    private Amount Sum(IEnumerable<BillLine> lines) => Amount.RoundHalfEven(lines.Sum(line => line.Figure) / format.UnitsPerMajor);

    private static DateOnly Parsed(string day) => DateOnly.ParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string? Value(BillLine line, TieField field) => field switch
    {
        TieField.Day => line.Day,
        TieField.Project => line.Project,
        TieField.Key => line.Key,
        TieField.Model => line.Model,
        TieField.Provider => line.Provider,
        TieField.Measure => line.Measure,
        _ => null,
    };
}
