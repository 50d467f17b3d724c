using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.References;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary>Everything that <see cref="Guardrails"/> looks at, as of one moment.</summary>
/// <param name="Spender">The key, with its terms as of the request's key snapshot.</param>
/// <param name="Scope">The kind of work that the address is for.</param>
/// <param name="Spoken">The dialect of the address.</param>
/// <param name="Routes">The configuration that the request began with.</param>
internal readonly record struct GuardedCall(Spender Spender, KeyScope Scope, ProviderDialect Spoken, GatewayRequest Request, Routes Routes);

/// <summary>Step 2: whether a request may go on. Pure: the same call gives the same decision.</summary>
/// <remarks>
/// The first refusal in the order of the code is the one that the client gets.
/// <see cref="Limits.RateLimits"/> and <see cref="ReferenceGate"/> are asked beside it: the one counts the request, and the other reads the ledger.
/// </remarks>
internal static class Guardrails
{
    public static GuardrailDecision Decide(in GuardedCall call)
    {
        var model = call.Request.Model;
        var notAllowed = call.Spender.Refusal(call.Scope, model) ?? call.Spender.RefuseUser(call.Request.User);
        if (notAllowed is not null) return GuardrailDecision.Refuse(notAllowed);
        if (call.Routes.Find(model) is not { } route) return GuardrailDecision.Refuse(GatewayRefusal.ModelNotOffered(model));
        if (!route.Speaks(call.Spoken)) return GuardrailDecision.Refuse(OtherDialect(model, route));
        return GuardrailDecision.Pass(route, ReferenceGate.MayBePrivate(call.Routes, model));
    }

    /// <summary>A translation that loses a parameter silently is worse than a refusal.</summary>
    private static GatewayRefusal OtherDialect(string model, Route route)
    {
        var spoken = Dialect.For(route.Stages[0][0].Upstream.Options.Dialect).Name;
        return new(ApiError.ParameterInvalid, $"The model '{model}' is served in the dialect '{spoken}' only: ask for it at an address of that dialect.",
            "model");
    }
}
