using System.Net.Mime;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Errors;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Ingest;

/// <summary>OTLP's: a bearer token, and a status of gRPC in JSON.</summary>
internal sealed class OtlpProtocol : AccessProtocol
{
    public static readonly OtlpProtocol Instance = new();

    private OtlpProtocol() { }

    public override ApiError Unidentified => ApiError.Unauthorized;

    public override string? Secret(HttpRequest request) => Bearer(request);

    public override string HowToIdentify(HttpRequest request) => ApiProtocol.Instance.HowToIdentify(request);

    public override Task RefuseAsync(HttpContext context, ApiError error, string? detail)
    {
        RefusedWith.Note(context, error);
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

    public static Task WriteAsync<T>(HttpContext context, int status, T body, JsonTypeInfo<T> type)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(body, type, MediaTypeNames.Application.Json, context.RequestAborted);
    }
}
