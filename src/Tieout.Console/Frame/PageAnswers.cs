using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Tieout.Console.Sessions;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Console.Frame;

/// <summary>Gives every answer of the console its headers, and turns what refuses a page into a page.</summary>
internal sealed class PageAnswers(RequestDelegate next)
{
    // Nothing from elsewhere, no inline style and no inline script: a name that somebody chose cannot become code.
    private const string ContentPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
        + "base-uri 'none'; frame-ancestors 'none'; object-src 'none'";

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<AccessProtocol>() is not ConsoleProtocol)
        {
            await next(context);
            return;
        }

        AddHeaders(context.Response);
        try
        {
            await next(context);
        }
        catch (ApiRefusedException refused) when (!context.Response.HasStarted)
        {
            await ShowAsync(context, refused.Error, refused.Message);
        }
        catch (StoreUnavailableException away) when (!context.Response.HasStarted)
        {
            await ShowAsync(context, ApiError.StoreUnavailable, away.Message);
        }
    }

    /// <summary>Answers with a page that says what was refused and why.</summary>
    public static async Task ShowAsync(HttpContext context, ApiError error, string? detail)
    {
        context.Response.Clear();
        AddHeaders(context.Response);
        context.Response.StatusCode = error.Status;
        context.Response.ContentType = "text/html; charset=utf-8";

        // In a scope of its own: the page that failed has used up what belongs to the request's.
        await using var scope = context.RequestServices.GetRequiredService<IServiceScopeFactory>().CreateAsyncScope();
        await using var renderer = new HtmlRenderer(scope.ServiceProvider, scope.ServiceProvider.GetRequiredService<ILoggerFactory>());
        var parameters = ParameterView.FromDictionary(
            new Dictionary<string, object?> { [nameof(Refused.Error)] = error, [nameof(Refused.Detail)] = detail });
        var html = await renderer.Dispatcher.InvokeAsync(async () => (await renderer.RenderComponentAsync<Refused>(parameters)).ToHtmlString());
        await context.Response.WriteAsync(html, context.RequestAborted);
    }

    private static void AddHeaders(HttpResponse response)
    {
        response.Headers[HeaderNames.ContentSecurityPolicy] = ContentPolicy;
        response.Headers[HeaderNames.XContentTypeOptions] = "nosniff";
        response.Headers["Referrer-Policy"] = "same-origin";
        if (!response.Headers.ContainsKey(HeaderNames.CacheControl)) response.Headers[HeaderNames.CacheControl] = "no-cache, no-store";
    }
}
