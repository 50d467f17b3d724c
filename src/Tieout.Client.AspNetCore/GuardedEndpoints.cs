using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Tieout.Client.AspNetCore;

/// <summary>Endpoints whose action cannot be undone.</summary>
public static class GuardedEndpoints
{
    /// <summary>Registers a <see cref="GuardClient"/>.</summary>
    /// <param name="tieout">The address of Tieout.</param>
    /// <param name="key">A key with the scope <c>guard</c>; a worker's, if the service keeps resources of several orgs.</param>
    public static IHttpClientBuilder AddTieoutGuard(this IServiceCollection services, Uri tieout, string key) =>
        services.AddHttpClient<GuardClient>(http =>
        {
            http.BaseAddress = tieout;
            http.Timeout = TimeSpan.FromSeconds(5);
            http.DefaultRequestHeaders.Authorization = new("Bearer", key);
        });

    /// <summary>The endpoint runs only if Tieout allows the action (G1): else it answers 403, or 503 where Tieout does not answer.</summary>
    /// <param name="action">For example <c>volume.delete</c>.</param>
    /// <param name="resource">What the request is about, with the owner as the service itself knows it; null: there is no such resource, and the endpoint
    /// says so itself.</param>
    public static TBuilder RequireGuard<TBuilder>(this TBuilder endpoint, string action, Func<HttpContext, ValueTask<GuardedResource?>> resource)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentException.ThrowIfNullOrEmpty(action);
        ArgumentNullException.ThrowIfNull(resource);
        return endpoint.AddEndpointFilter(async (invocation, next) =>
            await RefuseAsync(invocation.HttpContext, action, resource) ?? await next(invocation));
    }

    /// <returns>Null: the action may run.</returns>
    private static async Task<IResult?> RefuseAsync(HttpContext context, string action, Func<HttpContext, ValueTask<GuardedResource?>> resource)
    {
        if (await resource(context) is not { } about) return null;
        var envelopes = context.Request.Headers[OperationContext.EnvelopeHeader];
        if (envelopes.Count > 1)
        {
            return Refusal(StatusCodes.Status403Forbidden, "envelope_refused", $"The request has {envelopes.Count} envelopes. Send one.");
        }

        try
        {
            var guard = context.RequestServices.GetRequiredService<GuardClient>();
            var decision = await guard.DecideAsync(action, about, envelopes.Count == 1 ? envelopes[0] : null, cancellationToken: context.RequestAborted);
            return decision.MayRun ? null : Refusal(StatusCodes.Status403Forbidden, decision.Reason, decision.Detail, decision.Id);
        }
        catch (Exception e) when (e is HttpRequestException or System.Text.Json.JsonException
            || (e is TaskCanceledException && !context.RequestAborted.IsCancellationRequested))
        {
            return Refusal(
                StatusCodes.Status503ServiceUnavailable, "guard_unreachable", $"The guard did not answer, so '{action}' did not run. Try again later.");
        }
    }

    private static IResult Refusal(int status, string code, string detail, string? decision = null) => Results.Problem(
        detail, statusCode: status, title: "The guard did not allow the action.",
        extensions: new Dictionary<string, object?> { ["code"] = code, ["decision_id"] = decision });
}
