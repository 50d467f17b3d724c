using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Errors;
using Tieout.Server.Hosting;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Api;

/// <summary>Stands before every endpoint of the API: who asks, may they, and what an error looks like.</summary>
internal sealed class ApiGate : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var effects = RequestEffects.Begin();
        try
        {
            var caller = Caller.Identify(http, http.RequestServices.GetRequiredService<AdminToken>(), http.RequestServices.GetRequiredService<CurrentKeys>());
            caller.Authorize(http);
            http.Items[typeof(Caller)] = caller;
            await Staleness.ReachAsync(http, http.RequestServices.GetRequiredService<ILedger>());
            return await next(context);
        }
        catch (ApiRefusedException e)
        {
            return e.Error.ToProblem(e.Detail);
        }
        catch (StoreUnavailableException e)
        {
            http.RequestServices.GetRequiredService<OutageLog>().See("API requests", e.Message);
            return ApiError.StoreUnavailable.ToProblem($"{e.Message} {effects.Sentence(e)}", new KeyValuePair<string, object?>("effect", effects.Effect(e)));
        }
    }
}
