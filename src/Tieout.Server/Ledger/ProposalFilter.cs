using Microsoft.AspNetCore.Http;
using Tieout.Server.Http;

namespace Tieout.Server.Ledger;

/// <summary>Answers 202 with the proposal where an action waits for a second person.</summary>
internal sealed class ProposalFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (ProposedException e)
        {
            return await ProposalEndpoints.AcceptedAsync(e.Proposed.Proposal, context.HttpContext);
        }
    }
}
