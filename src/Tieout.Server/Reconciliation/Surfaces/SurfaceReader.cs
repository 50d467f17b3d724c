using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Storage.Surfaces;

namespace Tieout.Server.Reconciliation.Surfaces;

/// <summary>Reads the rows of a configured surface, wherever they are.</summary>
internal sealed class SurfaceReader : IDisposable
{
    /// <summary>An answer is read whole.</summary>
    private const int AnswerBytesMax = 64 * 1024 * 1024;

    // What a redirect leads to is not what the configuration says.
    private readonly HttpClient _http = new(
        new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(10) })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = AnswerBytesMax,
    };

    /// <param name="query">For a database whose configuration has none.</param>
    /// <exception cref="ApiRefusedException">It cannot be reached or read.</exception>
    public async Task ReadAsync(SurfaceOptions surface, string? query, IReadOnlyList<(string Name, bool Required)> columns, Action<string?[], long> row,
        CancellationToken cancellationToken)
    {
        try
        {
            switch (surface.Source)
            {
                case SurfaceSource.Sql sql:
                    await new PostgresSurface(sql.Connection, surface.Timeout).ReadAsync(
                        Query(surface, sql, query), columns, surface.RowsMax, row, cancellationToken);
                    break;
                case SurfaceSource.Http http:
                    await HttpAsync(surface, http, columns, row, cancellationToken);
                    break;
                case SurfaceSource.InFile file:
                    await FileAsync(surface, file, columns, row, cancellationToken);
                    break;
            }
        }
        catch (SurfaceException e)
        {
            throw Unreadable(surface, e.Message);
        }
    }

    public void Dispose() => _http.Dispose();

    private static string Query(SurfaceOptions surface, SurfaceSource.Sql sql, string? query) => (sql.Query, query) switch
    {
        ({ } configured, null) => configured,
        (null, { } sent) => sent,
        (null, null) => throw new ApiRefusedException(ApiError.ParameterInvalid, $"The surface {surface.Name} has no query of its own: send one."),
        _ => throw new ApiRefusedException(ApiError.ParameterInvalid, $"The surface {surface.Name} has a query of its own; another is not run."),
    };

    private async Task HttpAsync(SurfaceOptions surface, SurfaceSource.Http http, IReadOnlyList<(string Name, bool Required)> columns,
        Action<string?[], long> row, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(surface.Timeout);
        using var request = new HttpRequestMessage(HttpMethod.Get, http.Url) { Headers = { Accept = { new("application/json") } } };
        if (http.Token is { } token) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, limited.Token);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw Unreadable(surface,
                    $"It answered {(int)response.StatusCode}{(response.Headers.Location is null ? "" : ", which leads elsewhere and is not followed")}.");
            }

            var bytes = await response.Content.ReadAsByteArrayAsync(limited.Token);
            using var document = JsonDocument.Parse(bytes, new() { AllowDuplicateProperties = false, MaxDepth = 32 });
            Rows(surface, http, document.RootElement, columns, row);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unreadable(surface, $"It took longer than {surface.Timeout.TotalSeconds} s.");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or InvalidOperationException)
        {
            throw Unreadable(
                surface, e is JsonException ? "Its answer is not JSON, or names a member twice." : $"It cannot be read: {e.Message.TrimEnd('.')}.");
        }
    }

    private static void Rows(
        SurfaceOptions surface, SurfaceSource.Http http, JsonElement answer, IReadOnlyList<(string Name, bool Required)> columns, Action<string?[], long> row)
    {
        foreach (var member in http.Rows)
        {
            answer = answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(member, out var inner)
                ? inner
                : throw Unreadable(surface, $"Its answer has no '{string.Join('.', http.Rows)}'.");
        }

        if (answer.ValueKind != JsonValueKind.Array) throw Unreadable(surface, "Its rows are not an array: say in the configuration where they are.");
        if (answer.GetArrayLength() > surface.RowsMax) throw Unreadable(surface, $"It has more than {surface.RowsMax} rows: let it sum them.");
        var number = 0L;
        foreach (var item in answer.EnumerateArray())
        {
            number++;
            if (item.ValueKind != JsonValueKind.Object) throw Unreadable(surface, $"Row {number} is not an object.");
            row([.. columns.Select(column => JsonLinesRows.Cell(item, column, number))], number);
        }
    }

    /// <summary>The file of a surface as it is.</summary>
    /// <exception cref="ApiRefusedException">It cannot be opened.</exception>
    public static FileStream Open(SurfaceOptions surface, SurfaceSource.InFile file)
    {
        try
        {
            return File.Open(file.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(surface, "Its file cannot be opened.");
        }
    }

    private static async Task FileAsync(SurfaceOptions surface, SurfaceSource.InFile file, IReadOnlyList<(string Name, bool Required)> columns,
        Action<string?[], long> row, CancellationToken cancellationToken)
    {
        void Counted(string?[] cells, long line)
        {
            if (line > surface.RowsMax + 1) throw Unreadable(surface, $"It has more than {surface.RowsMax} rows: let it sum them.");
            row(cells, line);
        }

        await using var stream = Open(surface, file);
        try
        {
            await (file.Format == "jsonl"
                ? JsonLinesRows.ReadAsync(stream, columns, Counted, cancellationToken) : CsvRows.ReadAsync(stream, columns, Counted, cancellationToken));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(surface, "Its file cannot be opened.");
        }
    }

    private static ApiRefusedException Unreadable(SurfaceOptions surface, string why) =>
        new(ApiError.SurfaceUnreadable, $"The surface {surface.Name} cannot be read. {why}");
}
