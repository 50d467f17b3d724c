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
