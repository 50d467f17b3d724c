using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Tieout.Bench.Gateway;

/// <summary>The baseline: the least that a reverse proxy on Kestrel does. It knows no keys, reads no bodies and keeps no books.</summary>
internal static class PlainProxy
{
    public static WebApplication Build(Uri upstream)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var connections = new HttpMessageInvoker(
            new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false, ActivityHeadersPropagator = null });
        app.Run(async context =>
        {
            using var request = new HttpRequestMessage(new(context.Request.Method), upstream.OriginalString + context.Request.Path);
            request.Content = new StreamContent(context.Request.Body);
            foreach (var (name, values) in context.Request.Headers)
            {
                if (name is "Host" or "Connection") continue;
                if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                {
                    request.Content.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
                }
            }

            using var answer = await connections.SendAsync(request, context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            foreach (var (name, values) in answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated))
            {
                if (name is not "Transfer-Encoding") context.Response.Headers[name] = values.ToString();
            }

            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        });
        return app;
    }
}
