using System.Net.Mime;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Api;
using Tieout.Server.Errors;
using Tieout.Server.Hosting;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Ingest;

/// <summary><c>POST /v1/traces</c>, with answers and errors as OTLP wants them.</summary>
internal sealed class OtlpEndpoint(Door door, AdminToken admin, CurrentKeys keys)
{
    /// <summary>Rejected spans that an answer names; exporters write it into a log line.</summary>
    private const int NamedMax = 10;

    public async Task AnswerAsync(HttpContext context)
    {
        try
        {
            await WriteAsync(context, StatusCodes.Status200OK, await TakeAsync(context), OtlpJson.Default.OtlpBody);
        }
        catch (ApiRefusedException refused)
        {
            await RefuseAsync(context, refused.Error, refused.Detail);
        }
        catch (BadHttpRequestException bad)
        {
            await RefuseAsync(context, bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? ApiError.BodyTooLarge : ApiError.BodyMalformed, null);
        }
        catch (StoreUnavailableException)
        {
            // Exporters try 503 again and keep the spans until then; a span counts once, however often it comes.
            await RefuseAsync(context, ApiError.StoreUnavailable, null);
        }
    }

    private async Task<OtlpBody> TakeAsync(HttpContext context)
    {
        var caller = Caller.Identify(context, admin, keys);
        context.Items[typeof(Caller)] = caller;
        if (context.Features.Get<LogIds>() is { } ids) ids.Org = caller.Org;
        if (!IsJson(context.Request.ContentType)) throw new ApiRefusedException(ApiError.MediaTypeUnsupported, "Send OTLP as JSON: set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json.");
        List<UsageItem> items;
        using (var body = await IngestRequest.ReadAsync(context, door.BytesMax)) items = OtlpTraces.Read(body.Span);
        var outcomes = await door.Intake.TakeAsync(items, caller, IngestEndpoints.EnvelopeOf(context), context.RequestAborted, IngestAudit.Of(context, caller, door.Ledger));
        var rejected = outcomes.Where(outcome => outcome.Why is not null).ToList();
        return new(rejected.Count == 0 ? null : new($"{rejected.Count}", Message(rejected)));
    }

    private static string Message(List<ItemOutcome> rejected)
    {
        var named = rejected.Take(NamedMax).Select(outcome => $"span {outcome.Item.Index} ({Inputs.Shown(outcome.Item.Id)}): {outcome.Why!.Error.Code}: {outcome.Why.Detail}");
        return string.Join(' ', named) + (rejected.Count > NamedMax ? $" And {rejected.Count - NamedMax} more." : "");
    }

    private static bool IsJson(string? contentType) =>
        contentType is not null && contentType.Split(';')[0].Trim().Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase);

    private static Task RefuseAsync(HttpContext context, ApiError error, string? detail)
    {
        const int invalidArgument = 3, permissionDenied = 7, unavailable = 14, unauthenticated = 16;
        var code = error.Status switch
        {
            StatusCodes.Status401Unauthorized => unauthenticated,
            StatusCodes.Status403Forbidden => permissionDenied,
            StatusCodes.Status503ServiceUnavailable => unavailable,
            _ => invalidArgument,
        };
        return WriteAsync(context, error.Status, new OtlpStatus(code, $"{error.Code}: {detail ?? error.Title}"), OtlpJson.Default.OtlpStatus);
    }

    private static Task WriteAsync<T>(HttpContext context, int status, T body, JsonTypeInfo<T> type)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(body, type, MediaTypeNames.Application.Json, context.RequestAborted);
    }
}
