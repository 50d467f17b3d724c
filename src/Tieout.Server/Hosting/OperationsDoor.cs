using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Tieout.Server.Hosting;

/// <summary>Answers the operations address: health in detail and metrics, without a token, and nothing else.</summary>
internal sealed class OperationsDoor(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<OperationsConnection>() is null) return next(context);
        var isRead = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        var answer = !isRead ? null : context.Request.Path.Value switch
        {
            "/healthz" => HealthEndpoints.Detail(context, isReadiness: false),
            "/readyz" => HealthEndpoints.Detail(context, isReadiness: true),
            "/metrics" => context.RequestServices.GetRequiredService<MetricsPage>().AnswerAsync(context),
            _ => null,
        };
        if (answer is not null) return answer;
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
