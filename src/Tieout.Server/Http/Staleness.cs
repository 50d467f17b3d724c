using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Errors;
using Tieout.Storage;

namespace Tieout.Server.Http;

/// <summary>What an answer says about the age of its figures, and how a caller asks for figures that are at least as new as some it has seen.</summary>
internal static class Staleness
{
    /// <summary>Seconds since the store last confirmed the figures. Only on answers that are older than promised.</summary>
    public const string Header = "Tieout-Stale";

    /// <summary>The <c>as_of</c> of an earlier answer, of whatever server.</summary>
    public const string MinCommit = "min_commit";

    /// <summary>Does what <c>?min_commit=</c> asks for: everything that any server had shown before is in what is read next.</summary>
    /// <exception cref="ApiRefusedException">It is no commit number.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be asked, or has not come so far.</exception>
    public static Task ReachAsync(HttpContext context, ILedger ledger)
    {
        if (!context.Request.Query.TryGetValue(MinCommit, out var asked)) return Task.CompletedTask;
        return asked is [{ Length: > 0 } text] && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var commit)
            ? ledger.Read.ReachAsync(commit)
            : throw new ApiRefusedException(
                ApiError.ParameterInvalid, $"'{Inputs.Shown(asked)}' is not a commit: give the as_of of an earlier answer, for example {MinCommit}=1200.");
    }
}

/// <summary>An answer in JSON. While the store cannot confirm the figures, it has <c>"stale": true</c> as its last member.</summary>
internal sealed class FigureAnswer<T>(T body, JsonTypeInfo<T> type, int? status = null) : IResult, IStatusCodeHttpResult
{
    public int? StatusCode => status ?? StatusCodes.Status200OK;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        if (httpContext.RequestServices.GetService<ILedger>()?.Read.StaleFor is not { } stale)
        {
            return TypedResults.Json(body, type, statusCode: status).ExecuteAsync(httpContext);
        }

        var seconds = Math.Min(stale.TotalSeconds, int.MaxValue);
        httpContext.Response.Headers[Staleness.Header] = seconds.ToString("0.0", CultureInfo.InvariantCulture);
        httpContext.Response.StatusCode = StatusCode!.Value;
        httpContext.Response.ContentType = "application/json; charset=utf-8";
        var json = JsonSerializer.SerializeToUtf8Bytes(body, type);
        var isObject = json is [(byte)'{', .., (byte)'}'];
        return httpContext.Response.Body.WriteAsync(isObject ? [.. json.AsSpan(..^1), .. json.Length > 2 ? ",\"stale\":true}"u8 : "\"stale\":true}"u8] : json)
            .AsTask();
    }
}
