namespace Tieout.Storage.Rows;

/// <summary>Columns of refused requests, and how a row is read. The same in both stores; an empty text is null.</summary>
internal static class RefusedRows
{
    public const string Columns = "id, at, org, correlation_id, token, address, method, route, status, code";

    public static RefusedRequest Read(IRow row) => new(
        row.Guid(0), RowReads.Time(row, 1), row.Text(2), row.Text(3), Given(row, 4), Given(row, 5), row.Text(6), Given(row, 7), RowReads.Int32(row, 8),
        row.Text(9));

    private static string? Given(IRow row, int column) => row.Text(column) is { Length: > 0 } text ? text : null;
}
