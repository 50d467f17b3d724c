using Microsoft.AspNetCore.Http;
using Tieout.Server.Errors;
using Tieout.Storage;

namespace Tieout.Server.Api;

/// <summary>Turns what an endpoint of the API throws into a problem of RFC 9457.</summary>
internal sealed class ApiErrorFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
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
