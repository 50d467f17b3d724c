using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Governor;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Hosting;

/// <summary>The outermost step of every request: ids for logs and answers, and an answer whatever goes wrong. Never a stack trace to a caller.</summary>
internal sealed partial class RequestScope(RequestDelegate next, ConnectionTable connections, RefusedLog refused, ILogger<RequestScope> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var client = context.Features.Get<ClientConnection>();
        if (client is not null) connections.Begin(client);
        var ids = new LogIds(Correlation.Begin(context));
        context.Features.Set(ids);
        using (logger.BeginScope(ids))
        {
            try
            {
                if (IsFramedOddly(context.Request))
                {
                    context.Response.Headers.Connection = "close";
                    await AnswerAsync(context, ApiError.BodyMalformed);
                }
                else
                {
                    await next(context);
                }

                if (context.Response is { HasStarted: false, StatusCode: 404 or 405, ContentLength: null, ContentType: null }) await NothingHereAsync(context);
            }
            catch (BadHttpRequestException bad)
            {
                var (refusal, detail) = bad.StatusCode switch
                {
                    StatusCodes.Status413PayloadTooLarge => (ApiError.BodyTooLarge, null),
                    StatusCodes.Status415UnsupportedMediaType => (ApiError.MediaTypeUnsupported, bad.Message),
                    _ => (ApiError.BodyMalformed, null),
                };
                await AnswerAsync(context, refusal, detail);
            }
            catch (IOException bad) when (bad.InnerException is OverflowException)
            {
                // The server's word for a chunk whose length is no number of bytes.
                await AnswerAsync(context, ApiError.BodyMalformed);
            }
            catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
            {
                // The caller is gone; there is nobody to answer.
            }
            catch (StoreUnavailableException unavailable)
            {
                // Whoever reads the store on the way of a request need not say what its failure is answered with.
                context.RequestServices.GetService<OutageLog>()?.See("requests", unavailable.Message);
                await AnswerAsync(context, ApiError.StoreUnavailable);
            }
            catch (Exception unexpected)
            {
                LogUnexpected(unexpected, context.Request.Method, context.Request.Path.Value);
                await AnswerAsync(context, ApiError.Internal);
            }
            finally
            {
                client?.End();
            }

            if (RefusedWith.Of(context) is { } error) refused.Add(context, ids, error);
        }
    }

    /// <summary>Of several transfer encodings, whatever stands before us may have read others than the server did, and see another request begin.</summary>
    private static bool IsFramedOddly(HttpRequest request) =>
        request.Headers.TransferEncoding is { Count: > 0 } encodings
            && !(encodings.Count == 1 && string.Equals(encodings[0], "chunked", StringComparison.OrdinalIgnoreCase));

    private static Task NothingHereAsync(HttpContext context) =>
        AnswerAsync(context, context.Response.StatusCode == StatusCodes.Status405MethodNotAllowed ? ApiError.MethodNotAllowed : ApiError.NotFound);

    /// <param name="detail">One sentence of ours for this occurrence; null: the error's own.</param>
    private static Task AnswerAsync(HttpContext context, ApiError error, string? detail = null)
    {
        if (context.Response.HasStarted)
        {
            // Half an answer must not look like a whole one.
            context.Abort();
            return Task.CompletedTask;
        }

        context.Response.Headers.ContentLength = null;
        return context.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal)
            || context.Request.Path.StartsWithSegments("/v1beta", StringComparison.Ordinal)
            ? Dialect.At(context.Request.Path).RefuseAsync(context, error, detail)
            : error.ToProblem(detail).ExecuteAsync(context);
    }

    [LoggerMessage(EventId = LogEvents.RequestFailed, Level = LogLevel.Error, Message = "{Method} {Path} failed unexpectedly")]
    private partial void LogUnexpected(Exception exception, string method, string? path);
}
