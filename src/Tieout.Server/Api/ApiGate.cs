using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Errors;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Api;

/// <summary>Stands before every endpoint of the API: who asks, may they, and what an error looks like.</summary>
internal sealed class ApiGate : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        try
        {
            var caller = Caller.Identify(http, http.RequestServices.GetRequiredService<AdminToken>(), http.RequestServices.GetRequiredService<CurrentKeys>());
            caller.Authorize(http);
            http.Items[typeof(Caller)] = caller;
            try
            {
                return await next(context);
            }
            catch (ProposedException e)
            {
                return await ProposalEndpoints.AcceptedAsync(e.Proposed.Proposal, http);
            }
        }
        catch (ApiRefusedException e)
        {
            return e.Error.ToProblem(e.Detail);
        }
        catch (StoreUnavailableException e)
        {
            return ApiError.StoreUnavailable.ToProblem($"{e.Message} {(e.Effect == StoreEffect.None ? "Nothing was done." : "It is not known whether it was done.")} Sending it again with the same id is safe.");
        }
    }
}
