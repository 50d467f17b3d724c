using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Errors;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Http;

/// <summary>Turns what an endpoint of the API throws into a problem of RFC 9457.</summary>
internal sealed class ApiErrorFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var effects = RequestEffects.Begin();
        try
        {
            await Staleness.ReachAsync(http, http.RequestServices.GetRequiredService<ILedger>());
            return await next(context);
        }
        catch (ApiRefusedException e)
        {
            return e.Error.ToProblem(e.Detail);
        }
        catch (RowsArchivedException e)
        {
            return ApiError.RowsArchived.ToProblem(e.Message);
        }
        catch (StoreUnavailableException e)
        {
            // A figure that is not there yet, or a full queue, is no outage.
            if (e.Fault != StoreFault.Busy) http.RequestServices.GetRequiredService<OutageLog>().See("API requests", e.Message);
            return ApiError.StoreUnavailable.ToProblem($"{e.Message} {effects.Sentence(e)}", new KeyValuePair<string, object?>("effect", effects.Effect(e)));
        }
    }
}
