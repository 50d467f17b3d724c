using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Hosting;

/// <summary><c>/healthz</c>: the process answers. <c>/readyz</c>: it can also spend money, because the ledger can be written. Both say one word; the detail is
/// for operators.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", (HealthReport report) => TypedResults.Json(report.Word, HealthJson.Default.HealthWordBody)).Allow(Access.Anonymous);
        routes.MapGet("/readyz",
            (HealthReport report) => TypedResults.Json(report.Word, HealthJson.Default.HealthWordBody, statusCode: StatusOf(report, isReadiness: true))).Allow(
                Access.Anonymous);
    }

    /// <summary>All that is known. Only for whoever may see it.</summary>
    public static Task Detail(HttpContext context, bool isReadiness)
    {
        var report = context.RequestServices.GetRequiredService<HealthReport>();
        return TypedResults.Json(report.Detail(), HealthJson.Default.HealthBody, statusCode: StatusOf(report, isReadiness)).ExecuteAsync(context);
    }

    private static int StatusOf(HealthReport report, bool isReadiness) =>
        isReadiness && !report.IsReady ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(HealthBody))]
[JsonSerializable(typeof(LedgerHealthBody))]
[JsonSerializable(typeof(HealthWordBody))]
internal sealed partial class HealthJson : JsonSerializerContext;
