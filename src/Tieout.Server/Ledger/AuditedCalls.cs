using Microsoft.AspNetCore.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Ledger;

/// <summary>Stands behind the gate of the API: a call of the platform's people that may change something never ends without an audit record (U1).</summary>
/// <remarks>Commands are recorded in their own commit. This records the rest: endpoints whose work lies outside the ledger, and those that a developer
/// forgot.</remarks>
internal sealed class AuditedCalls : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var answer = await next(context);
        if (!MayChange(http) || AdminCalls.Of(http) is not { IsRecorded: false } call) return answer;
        var ledger = (ILedger)http.RequestServices.GetService(typeof(ILedger))!;
        await ledger.RecordActionAsync(call, http.Request.RouteValues["org"] as string ?? "", result: "done");
        return answer;
    }

    private static bool MayChange(HttpContext http) =>
        !HttpMethods.IsGet(http.Request.Method) && Caller.Of(http) is { IsPlatform: true }
            && http.GetEndpoint()?.Metadata.GetMetadata<ChangesNothing>() is null;
}

/// <summary>Marks an endpoint that answers a question although its method is POST. It leaves no audit record.</summary>
internal sealed record ChangesNothing
{
    public static readonly ChangesNothing Mark = new();
}
