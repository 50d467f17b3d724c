using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Ledger;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Storage;

namespace Tieout.Server.Gateway.Batches;

/// <summary>One page of an org's objects at providers, newest first, as a list in the client's dialect.</summary>
/// <param name="HasMore">Whether another page follows.</param>
internal sealed record ObjectPage(IReadOnlyList<KeptObject> Rows, bool HasMore)
{
    private const int LimitDefault = 20;
    private const int LimitMax = 100;

    /// <param name="wanted">Selects the rows of the list.</param>
    /// <returns>Null: the request was refused, and the client has the error.</returns>
    public static async Task<ObjectPage?> ReadAsync(
        HttpContext context, Dialect dialect, IObjectsReader objects, string org, ObjectKind kind, Func<KeptObject, bool> wanted)
    {
        var query = context.Request.Query;
        var limit = LimitDefault;
        if (query["limit"].ToString() is { Length: > 0 } text
            && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > 10_000))
        {
            await dialect.RefuseAsync(context, ApiError.ParameterInvalid, $"'limit' must be a whole number from 1 to {LimitMax}.", "limit");
            return null;
        }

        limit = Math.Min(limit, LimitMax);
        var before = long.MaxValue;
        if ((query["after"].ToString() is { Length: > 0 } after ? after : query["after_id"].ToString()) is { Length: > 0 } last)
        {
            if (!ProviderObject.IsValidId(last) || await objects.ObjectAsync(org, kind, last, context.RequestAborted) is not { } row)
            {
                await dialect.RefuseAsync(context, ApiError.ParameterInvalid, "'after' must be the id of one of the list.", "after");
                return null;
            }

            before = row.Row.Seq;
        }

        return await FillAsync(objects, org, kind, before, limit, wanted, context.RequestAborted);
    }

    /// <param name="describe">Describes an object; null: the list leaves it out.</param>
    public async Task WriteAsync(HttpContext context, Dialect dialect, Func<KeptObject, Task<ReadOnlyMemory<byte>?>> describe)
    {
        var described = await Task.WhenAll(Rows.Select(describe));
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            if (dialect is OpenAiDialect) json.WriteString("object"u8, "list"u8);
            json.WriteStartArray("data"u8);
            foreach (var one in described)
            {
                if (one is { } text) json.WriteRawValue(text.Span);
            }

            json.WriteEndArray();
            json.WriteString("first_id"u8, Rows.Count == 0 ? null : Rows[0].Object.Id);
            json.WriteString("last_id"u8, Rows.Count == 0 ? null : Rows[^1].Object.Id);
            json.WriteBoolean("has_more"u8, HasMore);
            json.WriteEndObject();
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = bytes.WrittenCount;
        await context.Response.BodyWriter.WriteAsync(bytes.WrittenMemory, context.RequestAborted);
    }

    /// <summary>Reads one row more than the page has, to know whether another page follows.</summary>
    private static async Task<ObjectPage> FillAsync(
        IObjectsReader objects, string org, ObjectKind kind, long before, int limit, Func<KeptObject, bool> wanted, CancellationToken cancellationToken)
    {
        var found = new List<KeptObject>();
        while (true)
        {
            var rows = await objects.ObjectsAsync(org, kind, before, LimitMax, cancellationToken);
            found.AddRange(rows.Where(wanted));
            if (rows.Count < LimitMax || found.Count > limit) return new([.. found.Take(limit)], found.Count > limit);
            before = rows[^1].Row.Seq;
        }
    }
}
