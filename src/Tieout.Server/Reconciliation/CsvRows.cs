using CsvHelper;
using Tieout.Server.Http;

namespace Tieout.Server.Reconciliation;

/// <summary>Reads chosen columns of a CSV file, record by record.</summary>
internal static class CsvRows
{
    /// <summary>An unclosed quote must not swallow the rest of the file into memory.</summary>
    private const int RecordBytesMax = 1024 * 1024;

    private static readonly CsvReaderOptions Form = new()
    {
        Separator = ',',
        TrackLineNumbers = true,
        MaxRecordSize = RecordBytesMax,
        MalformedData = CsvMalformedDataHandling.Throw,
        FieldCountMismatch = CsvFieldCountHandling.Throw,
        IncludeValuesInExceptions = false,
    };

    /// <param name="columns">By name, upper and lower case alike; a required one must be there.</param>
    /// <param name="row">Gets the cells in the order of <paramref name="columns"/> (null: no such column) and the line they stand in.</param>
    /// <exception cref="ApiRefusedException">The file is not CSV, or lacks a column.</exception>
    public static async Task ReadAsync(
        Stream file, IReadOnlyList<(string Name, bool Required)> columns, Action<string?[], long> row, CancellationToken cancellationToken)
    {
        try
        {
            await using var csv = CsvReader.Create(file, Form, leaveOpen: true);
            await csv.ReadHeaderAsync(cancellationToken);
            var places = columns.Select(column => Place(csv.Headers, column.Name, column.Required)).ToArray();
            while (await csv.ReadAsync(cancellationToken))
            {
                row([.. places.Select(place => place is { } at ? csv.GetString(at) : null)], csv.LineNumber);
            }
        }
        catch (CsvFormatException e)
        {
            throw FileRefused.At(Math.Max(1, e.LineNumber), $"The file is not the CSV it should be: {e.Message}");
        }
    }

    /// <summary>Reads every column of a file.</summary>
    /// <param name="header">Gets the names of the columns, before any row.</param>
    /// <param name="row">Gets the cells (null: an empty cell) and the line they stand in. The cells are valid until it returns.</param>
    /// <exception cref="ApiRefusedException">The file is not CSV, has no header, or has a column twice.</exception>
    public static async Task ReadAllAsync(
        Stream file, Action<IReadOnlyList<string>> header, Action<IReadOnlyList<string?>, long> row, CancellationToken cancellationToken)
    {
        try
        {
            await using var csv = CsvReader.Create(file, Form, leaveOpen: true);
            await csv.ReadHeaderAsync(cancellationToken);
            string[] columns = [.. csv.Headers.Select(name => name.Trim().TrimStart('\uFEFF'))];
            if (columns.Length == 0 || columns.All(name => name.Length == 0)) throw FileRefused.At(1, "The file has no header with the names of its columns.");
            if (columns.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            {
                throw FileRefused.At(1, $"The column '{Inputs.Shown(twice.Key)}' exists {twice.Count()} times.");
            }

            header(columns);
            var cells = new string?[columns.Length];
            while (await csv.ReadAsync(cancellationToken))
            {
                for (var i = 0; i < cells.Length; i++) cells[i] = csv.GetString(i) is { Length: > 0 } text ? text : null;
                row(cells, csv.LineNumber);
            }
        }
        catch (CsvFormatException e)
        {
            throw FileRefused.At(Math.Max(1, e.LineNumber), $"The file is not the CSV it should be: {e.Message}");
        }
    }

    private static int? Place(IReadOnlyList<string> headers, string name, bool required)
    {
        for (var i = 0; i < headers.Count; i++)
        {
            if (string.Equals(headers[i].Trim(), name, StringComparison.OrdinalIgnoreCase)) return i;
        }

        return required
            ? throw FileRefused.At(1, $"The column '{Inputs.Shown(name)}' does not exist; the columns are {Inputs.Shown(string.Join(", ", headers))}.") : null;
    }
}
