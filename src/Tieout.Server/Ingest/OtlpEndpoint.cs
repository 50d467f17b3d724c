using System.Net.Mime;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Ingest;

/// <summary><c>POST /v1/traces</c>, with answers and errors as OTLP wants them.</summary>
internal sealed class OtlpEndpoint(Door door)
{
    /// <summary>Rejected spans that an answer names; exporters write it into a log line.</summary>
    private const int NamedMax = 10;

    public async Task AnswerAsync(HttpContext context)
    {
        try
        {
            await OtlpProtocol.WriteAsync(context, StatusCodes.Status200OK, await TakeAsync(context), OtlpJson.Default.OtlpBody);
        }
        catch (ApiRefusedException refused)
        {
            await OtlpProtocol.Instance.RefuseAsync(context, refused.Error, refused.Detail);
        }
        catch (BadHttpRequestException bad)
        {
            await OtlpProtocol.Instance.RefuseAsync(
                context, bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? ApiError.BodyTooLarge : ApiError.BodyMalformed, null);
        }
        catch (StoreUnavailableException)
        {
            // Exporters try 503 again and keep the spans until then; a span counts once, however often it comes.
            await OtlpProtocol.Instance.RefuseAsync(context, ApiError.StoreUnavailable, null);
        }
    }

    private async Task<OtlpBody> TakeAsync(HttpContext context)
    {
        var caller = Caller.Of(context);
        if (!IsJson(context.Request.ContentType))
        {
            throw new ApiRefusedException(ApiError.MediaTypeUnsupported, "Send OTLP as JSON: set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json.");
        }

        List<UsageItem> items;
        using (var body = await IngestRequest.ReadAsync(context, door.BytesMax)) items = OtlpTraces.Read(body.Span);
        var audit = IngestEndpoints.AuditOf(context, caller, door);
        var usage = items.FindAll(item => item.Tool is null);
        var outcomes = new List<ItemOutcome>(await door.Intake.TakeAsync(usage, caller, IngestEndpoints.EnvelopeOf(context), context.RequestAborted, audit));
        if (usage.Count < items.Count)
        {
            outcomes.AddRange(await door.ToolCalls.TakeAsync(
                items.FindAll(item => item.Tool is not null), "otlp", caller, audit, context.RequestAborted));
        }

        // The server keeps a span that it puts into quarantine: the answer says why, and does not count the span as rejected.
        var told = outcomes.Where(outcome => outcome.Why is not null).ToList();
        var rejected = told.Count(outcome => outcome.Status is not ItemStatus.Quarantined);
        return new(told.Count == 0 ? null : new($"{rejected}", Message(told)));
    }

    private static string Message(List<ItemOutcome> rejected)
    {
        var named = rejected.Take(NamedMax).Select(
            outcome => $"span {outcome.Item.Index} ({Inputs.Shown(outcome.Item.Id)}): {outcome.Why!.Error.Code}: {outcome.Why.Detail}");
        return string.Join(' ', named) + (rejected.Count > NamedMax ? $" And {rejected.Count - NamedMax} more." : "");
    }

    private static bool IsJson(string? contentType) =>
        contentType is not null && contentType.Split(';')[0].Trim().Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase);
}
