using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Storage;

namespace Tieout.Server.Http;

/// <summary>What callers send, read strictly: whatever is not understood is refused by name, never ignored.</summary>
internal static class Inputs
{
    /// <summary>Enough for any command of one thing.</summary>
    public const int BodyBytesMax = 64 * 1024;

    /// <summary>Of a reason, in characters.</summary>
    public const int ReasonMax = 500;

    /// <summary>First size of the buffer that a body is read into.</summary>
    private const int FirstBytes = 16 * 1024;

    private const int PageMax = 1_000;
    private const int PageDefault = 100;

    /// <exception cref="ApiRefusedException">Not the JSON that is asked for.</exception>
    public static async Task<T> BodyAsync<T>(HttpContext context, JsonTypeInfo<T> type)
        where T : class
    {
        var bytes = await BytesAsync(context, BodyBytesMax);
        try
        {
            return JsonSerializer.Deserialize(bytes.Span, type)
                ?? throw new ApiRefusedException(ApiError.BodyMalformed, "The body is null; send a JSON object.");
        }
        catch (JsonException e)
        {
            throw new ApiRefusedException(ApiError.BodyMalformed, Sentence(e));
        }
    }

    /// <exception cref="ApiRefusedException">It is longer than <paramref name="max"/>.</exception>
    public static async Task<ReadOnlyMemory<byte>> BytesAsync(HttpContext context, int max)
    {
        var tooLarge = $"The body is larger than {max / 1024} KiB.";
        if (context.Request.ContentLength > max) throw new ApiRefusedException(ApiError.BodyTooLarge, tooLarge);

        // A client that announces much and sends little must not occupy memory for it.
        var announced = (int)Math.Min(context.Request.ContentLength ?? FirstBytes, FirstBytes);
        var (buffer, length) = (ArrayPool<byte>.Shared.Rent(announced + 1), 0);
        try
        {
            int read;
            while ((read = await context.Request.Body.ReadAsync(buffer.AsMemory(length), context.RequestAborted)) > 0)
            {
                length += read;
                if (length > max) throw new ApiRefusedException(ApiError.BodyTooLarge, tooLarge);
                if (length == buffer.Length) buffer = PooledBytes.Grown(buffer, length);
            }

            return buffer.AsSpan(0, length).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public static Amount Amount(string? text, string what)
    {
        if (Core.Money.Amount.TryParse(text, out var amount)) return amount;
        throw new ApiRefusedException(
            ApiError.AmountInvalid,
            $"'{Shown(text)}' is not an amount ({what}). Use digits with an optional decimal point and at most nine decimals, for example 12.50.");
    }

    /// <summary>An amount of money to be moved or a limit; what the ledger would refuse later, said where it is seen.</summary>
    public static Amount Positive(Amount amount, string what, bool zeroIsFine = false) => Positive(amount, what, zeroIsFine, Core.Money.Amount.TransferMax);

    /// <summary>A limit on a sum: it may be larger than one amount that is moved.</summary>
    public static Amount SumLimit(Amount amount, string what) => Positive(amount, what, zeroIsFine: true, Core.Money.Amount.SumMax);

    private static Amount Positive(Amount amount, string what, bool zeroIsFine, Amount max)
    {
        if (amount < Core.Money.Amount.Zero || (amount == Core.Money.Amount.Zero && !zeroIsFine))
        {
            throw new ApiRefusedException(
                ApiError.AmountNotPositive, $"{amount} is too small: {what} must be {(zeroIsFine ? "zero or more" : "more than zero")}.");
        }

        return amount <= max ? amount : throw new ApiRefusedException(ApiError.AmountTooLarge, $"{amount} is too large: {what} may be at most {max}.");
    }

    public static string Name(string? name, string what) => Names.IsValid(name)
        ? name!
        : throw new ApiRefusedException(
            ApiError.NameInvalid, $"'{Shown(name)}' is not a valid {what}: use 1 to 128 of A–Z a–z 0–9 _ . : @ / + -, starting with a letter or digit.");

    public static Month Month(string text) => Core.Tenancy.Month.TryParse(text, out var month)
        ? month
        : throw new ApiRefusedException(ApiError.ParameterInvalid, $"'{Shown(text)}' is not a month: write YYYY-MM, such as 2026-11.");

    /// <summary>An ISO 8601 time with its offset, or a day, which begins in <paramref name="zone"/>.</summary>
    public static Instant Time(string text, TimeZoneInfo zone)
    {
        if (DateTime.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)) return LocalTime.Resolve(day, zone);
        const string offset = "zzz", zulu = "'Z'";
        foreach (var form in (ReadOnlySpan<string>)["yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", "yyyy-MM-dd'T'HH:mm"])
        {
            if (DateTimeOffset.TryParseExact(text, [form + offset, form + zulu], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            {
                return Instant.From(time);
            }
        }

        throw new ApiRefusedException(ApiError.ParameterInvalid,
            $"'{Shown(text)}' is not a time: write a day such as 2026-11-22, or a time with its offset such as 2026-11-22T08:00:00Z.");
    }

    /// <summary>Where a page of the newest rows begins; <c>?cursor=</c>. Null: with the newest.</summary>
    public static RowPlace? Place(HttpContext context)
    {
        if (Query(context, "cursor") is not { } text) return null;
        return RowPlace.TryParse(text, out var place)
            ? place
            : throw new ApiRefusedException(
                ApiError.ParameterInvalid, $"'{Shown(text)}' is not a cursor of this list. Send the next_cursor of the page before.");
    }

    /// <summary>How many rows a page may have; <c>?limit=</c>.</summary>
    public static int Limit(HttpContext context)
    {
        if (Query(context, "limit") is not { } text) return PageDefault;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= PageMax
            ? limit
            : throw new ApiRefusedException(ApiError.ParameterInvalid, $"'{Shown(text)}' is not a limit: write a whole number from 1 to {PageMax}.");
    }

    /// <summary>Where a page begins; <c>?cursor=</c>, as the page before named it.</summary>
    public static long Cursor(HttpContext context)
    {
        if (Query(context, "cursor") is not { } text) return 0;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var cursor)
            ? cursor
            : throw new ApiRefusedException(ApiError.ParameterInvalid, $"'{Shown(text)}' is not a cursor: pass on the next_cursor of the page before.");
    }

    /// <summary>The command's id: the body's, or the <c>Idempotency-Key</c> header. Both at once must agree.</summary>
    public static string CommandId(HttpContext context, string? inBody)
    {
        var header = context.Request.Headers["Idempotency-Key"].ToString();
        if (header.Length == 0 && inBody is null)
        {
            throw new ApiRefusedException(
                ApiError.ParameterInvalid, "An id is required, in the body or as Idempotency-Key. A command with the same id counts once.");
        }

        if (header.Length > 0 && inBody is not null && header != inBody)
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, "The body's id and the Idempotency-Key differ; send one of them.");
        }

        return Name(inBody ?? header, "id");
    }

    /// <summary>The caller's own id for an action that has none in its body; null: not sent.</summary>
    public static string? IdempotencyKey(HttpContext context) =>
        context.Request.Headers["Idempotency-Key"].ToString() is { Length: > 0 } key ? Name(key, "Idempotency-Key") : null;

    /// <summary>A reason that a person gives, for records.</summary>
    /// <exception cref="ApiRefusedException">It is missing or too long.</exception>
    public static string Reason(string? text) => !string.IsNullOrWhiteSpace(text) && text.Length <= ReasonMax
        ? text
        : throw new ApiRefusedException(
            ApiError.ParameterInvalid, $"The reason is {(string.IsNullOrWhiteSpace(text) ? "missing" : "too long")}: send 1 to {ReasonMax} characters.");

    public static OrgState Org(ILedger ledger, string org) =>
        ledger.Read.Org(org) ?? throw new ApiRefusedException(ApiError.OrgNotFound, $"The org '{Shown(org)}' does not exist.");

    /// <summary>The orgs whose figures can be added up: all that have the same asset; <c>?asset=</c>.</summary>
    /// <exception cref="ApiRefusedException">The orgs have several assets, and none was asked for.</exception>
    public static (string Asset, IReadOnlyList<OrgState> Orgs) OrgsOfAsset(HttpContext context, ILedger ledger)
    {
        var orgs = ledger.Read.Orgs.OrderBy(org => org.Org.Id, StringComparer.Ordinal).ToList();
        var assets = orgs.Select(org => org.Org.Asset).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var asset = Query(context, "asset");
        if (asset is null && assets.Count > 1)
        {
            throw new ApiRefusedException(
                ApiError.ParameterInvalid, $"The orgs spend in {string.Join(", ", assets)}, which cannot be added up: ask for one org, or for one asset.");
        }

        asset ??= assets.FirstOrDefault() ?? Asset.Usd.Code;
        return (asset, [.. orgs.Where(org => org.Org.Asset == asset)]);
    }

    /// <summary>A query parameter; null: absent or empty.</summary>
    public static string? Query(HttpContext context, string name)
    {
        var value = context.Request.Query[name].ToString();
        return value.Length == 0 ? null : value;
    }

    /// <exception cref="ApiRefusedException">A parameter is none of these: a misspelt filter must not mean "everything".</exception>
    public static void OnlyQuery(HttpContext context, params ReadOnlySpan<string> known)
    {
        foreach (var name in context.Request.Query.Keys)
        {
            if (!known.Contains(name) && name != Staleness.MinCommit)
            {
                throw new ApiRefusedException(
                    ApiError.ParameterInvalid, $"The query parameter '{Shown(name)}' is unknown; the known ones are {string.Join(", ", known.ToArray())}.");
            }
        }
    }

    /// <summary>Text of a caller's, short and on one line.</summary>
    public static string Shown(string? text) =>
        text is null ? "" : string.Concat(text.Take(60).Select(c => char.IsControl(c) ? '?' : c)) + (text.Length > 60 ? "…" : "");

    private static string Sentence(JsonException e)
    {
        var message = e.Message;
        // "The JSON property 'x' could not be mapped to any .NET member contained in type '...'."
        if (message.Contains("could not be mapped", StringComparison.Ordinal)) return $"The member {Quoted(message)} is unknown.";
        if (message.Contains("missing required properties", StringComparison.Ordinal))
        {
            return $"The body lacks {message[(message.LastIndexOf(':') + 1)..].Trim().TrimEnd('.')}.";
        }

        var place = e.Path is { Length: > 1 } path ? $" at {path}" : e.LineNumber is { } line ? $" in line {line + 1}" : "";
        return $"The body is not the JSON that is expected{place}.";
    }

    private static string Quoted(string message)
    {
        var from = message.IndexOf('\'', StringComparison.Ordinal);
        var to = message.IndexOf('\'', from + 1);
        return from < 0 || to < 0 ? "of that name" : message[from..(to + 1)];
    }
}
