using System.Globalization;
using Tieout.Core;
using Tieout.Core.Reconciliation;
using Tieout.Core.Tenancy;
using Tieout.Server.Http;

namespace Tieout.Server.Reconciliation;

/// <summary>What one file of an external counter is read by.</summary>
/// <param name="Org">Rows of other orgs in the file are left out.</param>
/// <param name="Amount">The column with the figure.</param>
/// <param name="UnitsPerMajor">100 where it counts cents.</param>
internal sealed record CounterForm(string Org, TieSpec Spec, string Amount, int UnitsPerMajor, TimeZoneInfo Zone, Instant From, Instant To)
{
    /// <summary>The columns a row is read from: the key's, then the amount. An <c>org</c> column may be absent: the file is then the org's own.</summary>
    public IEnumerable<(string Name, bool Required)> Columns =>
        Spec.Columns.Select(column => (column.Column, column.Field != TieField.Org)).Append((Amount, true));
}

/// <summary>Gathers the rows of a counter's file into the right side of a comparison.</summary>
internal sealed class CounterRows(CounterForm form)
{
    /// <summary>Different keys in one file. Beyond it, compare by fewer fields or a shorter range.</summary>
    private const int KeysMax = 500_000;

    public OutsideSide Side { get; } = new();

    /// <summary>Rows that were read.</summary>
    public long Rows { get; private set; }

    /// <summary>Rows of other orgs, or outside the range.</summary>
    public long LeftOut { get; private set; }

    /// <param name="cells">In the order of <see cref="CounterForm.Columns"/>; null: the file has no such column, or nothing in it.</param>
    /// <exception cref="ApiRefusedException">A value cannot be read.</exception>
    public void Add(string?[] cells, long line)
    {
        Rows++;
        var values = new string?[form.Spec.Columns.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var (field, text) = (form.Spec.Columns[i].Field, Named(cells[i]));
            values[i] = field switch
            {
                TieField.Org => text ?? form.Org,
                TieField.Day => Day(text, line),
                _ => text,
            };
            if ((field == TieField.Org && values[i] != form.Org) || (field == TieField.Day && !InRange(values[i]!)))
            {
                LeftOut++;
                return;
            }
        }

        try
        {
            Side.Add(new([.. values]), Figure.Read(cells[^1]?.Trim(), line, form.Amount), form.UnitsPerMajor);
        }
        catch (OverflowException)
        {
            throw FileRefused.At(line, "The figures of this key sum to more than the largest amount.");
        }

        if (Side.Cells.Count > KeysMax)
        {
            throw FileRefused.At(line, $"The file has more than {KeysMax} different keys; compare a shorter range or by fewer fields.");
        }
    }

    private static string? Named(string? cell) => cell?.Trim() is { Length: > 0 } text && !Figure.IsNull(text) ? text : null;

    /// <summary>A day as it stands; of a time with an offset, the day it is in the org's zone.</summary>
    private string Day(string? text, long line)
    {
        if (text is null) throw FileRefused.At(line, "The day is empty.");
        if (DateOnly.TryParseExact(text, ["yyyy-MM-dd", "yyyyMMdd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            || WrittenDays.Wall(text, out day) || WrittenDays.Zoned(text, form.Zone, out day))
        {
            return day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        }

        throw FileRefused.At(line, $"'{Inputs.Shown(text)}' is not a day. Write for example 2026-11-22.");
    }

    private bool InRange(string text)
    {
        var day = DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture);
        return LocalTime.StartOf(day, form.Zone) < form.To && (day == DateOnly.MaxValue || LocalTime.StartOf(day.AddDays(1), form.Zone) > form.From);
    }
}
