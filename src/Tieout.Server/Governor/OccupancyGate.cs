using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Tieout.Server.Errors;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Governor;

/// <summary>Behind the access gate and before the first byte of a body: a place among the requests in flight, room for the body, and a place in the lane of
/// reads.</summary>
internal sealed class OccupancyGate(RequestDelegate next, Occupancy occupancy, ReadLane reads)
{
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(1);

    public Task InvokeAsync(HttpContext context) =>
        context.Items[typeof(Caller)] is Caller caller ? InvokeAsync(context, caller) : next(context);

    /// <summary>The answer for somebody whose share is used up. Nothing of an answer may have been sent yet.</summary>
    public static Task RefuseAsync(HttpContext context, ApiError error, string detail)
    {
        context.Response.Headers.RetryAfter = ((int)TryAgainAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        var protocol = context.GetEndpoint()?.Metadata.GetMetadata<AccessProtocol>() ?? ApiProtocol.Instance;
        return protocol.RefuseAsync(context, error, detail);
    }

    private async Task InvokeAsync(HttpContext context, Caller caller)
    {
        using var visit = occupancy.Begin(caller.Org, caller.TokenId);
        try
        {
            if ((visit.TryTake(Resource.Requests, 1) ?? TakeBody(context, visit)) is { } shortage) throw new OccupancyExceededException(shortage);
            if (context.GetEndpoint()?.Metadata.GetMetadata<StoredRead>() is not null && IsRead(context.Request)) await reads.RunAsync(context, caller, next);
            else await next(context);
        }
        catch (OccupancyExceededException exceeded) when (!context.Response.HasStarted)
        {
            await RefuseAsync(context, exceeded.Error, exceeded.Message);
        }
    }

    private static bool IsRead(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);

    /// <summary>The length that a body announces is taken at once. What comes without one is taken as it is read.</summary>
    private static Shortage? TakeBody(HttpContext context, Visit visit)
    {
        context.Features.Set(visit);
        var resource = context.GetEndpoint()?.Metadata.GetMetadata<FileUploadBody>() is null ? Resource.BodyBytes : Resource.UploadBytes;
        if (context.Request.ContentLength is { } length)
        {
            // The server refuses a longer body than the endpoint takes before it reads it.
            var max = resource is Resource.UploadBytes ? null : context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize;
            return length > max ? null : visit.TryTake(resource, length);
        }

        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            context.Request.Body = new CountedBody(context.Request.Body, visit, resource);
        }

        return null;
    }
}

/// <summary>Metadata of an endpoint whose body goes through the disk and not through memory.</summary>
internal sealed record FileUploadBody
{
    public static readonly FileUploadBody Mark = new();
}
