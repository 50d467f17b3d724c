using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
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
    public static Task ShowAsync(HttpContext context, ApiError error, string? detail)
    {
        context.Response.Clear();
        AddHeaders(context.Response);
        return new RazorComponentResult<Refused>(new Dictionary<string, object?> { [nameof(Refused.Error)] = error, [nameof(Refused.Detail)] = detail })
        {
            StatusCode = error.Status,
        }.ExecuteAsync(context);
    }

    private static void AddHeaders(HttpResponse response)
    {
        response.Headers[HeaderNames.ContentSecurityPolicy] = ContentPolicy;
        response.Headers[HeaderNames.XContentTypeOptions] = "nosniff";
        response.Headers["Referrer-Policy"] = "same-origin";
        if (!response.Headers.ContainsKey(HeaderNames.CacheControl)) response.Headers[HeaderNames.CacheControl] = "no-cache, no-store";
    }
}
