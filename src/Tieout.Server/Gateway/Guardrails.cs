using System.Collections.Immutable;
using Tieout.Core.Spike;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Mitigations;
using Tieout.Server.Gateway.References;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary>Everything that <see cref="Guardrails"/> looks at, as of one moment.</summary>
/// <param name="Spender">The key, with its terms as of the request's key snapshot.</param>
/// <param name="Scope">The kind of work that the address is for.</param>
/// <param name="Spoken">The dialect of the address.</param>
/// <param name="Routes">The configuration that the request began with.</param>
internal readonly record struct GuardedCall(Spender Spender, KeyScope Scope, ProviderDialect Spoken, GatewayRequest Request, Routes Routes)
{
    /// <summary>The mitigations of the org; most orgs have none.</summary>
    public ImmutableArray<StandingMitigation> Mitigations { get; init; } = [];

    /// <summary>What mitigations look at; empty where there are none.</summary>
    public MitigatedRequest Asked { get; init; }

    /// <summary>By the clock of the wall, for expiries.</summary>
    public DateTimeOffset Now { get; init; }
}

/// <summary>Step 2: whether a request may go on. Pure: the same call gives the same decision.</summary>
/// <remarks>
/// The first refusal in the order of the code is the one that the client gets.
/// <see cref="Limits.RateLimits"/>, <see cref="MitigationGate"/> and <see cref="ReferenceGate"/> are asked beside it: the first two count the request, and
/// the last reads the ledger.
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
        if (call.Mitigations.IsEmpty) return GuardrailDecision.Pass(route, ReferenceGate.MayBePrivate(call.Routes, model));
        var effect = MitigationRules.Apply(call, route);
        return effect.OffBy is { } by ? GuardrailDecision.Refuse(MitigationRefusal.Off(by), by)
            : GuardrailDecision.Pass(effect.Route ?? route, ReferenceGate.MayBePrivate(call.Routes, model), effect);
    }

    /// <summary>A translation that loses a parameter silently is worse than a refusal.</summary>
    private static GatewayRefusal OtherDialect(string model, Route route)
    {
        var spoken = Dialect.For(route.Stages[0][0].Upstream.Options.Dialect).Name;
        return new(ApiError.ParameterInvalid, $"The model '{model}' is served in the dialect '{spoken}' only: ask for it at an address of that dialect.",
            "model");
    }
}
