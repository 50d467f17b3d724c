using Microsoft.AspNetCore.Http;
using Tieout.Core.Spike;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.References;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Mitigations;

/// <summary>What the mitigations in force change about a request without counting anything. Pure.</summary>
/// <param name="OffBy">The mitigation that switches the request off; null: none.</param>
/// <param name="Route">The route with the other model before it; null: the request's own.</param>
/// <param name="RoutedBy">The mitigation that chose the other model.</param>
/// <param name="OutputTokensMax">The lower limit of output tokens; null: the request's own stays.</param>
/// <param name="CappedBy">The mitigation with that limit.</param>
internal readonly record struct MitigationEffect(Mitigation? OffBy, Route? Route, Mitigation? RoutedBy, long? OutputTokensMax, Mitigation? CappedBy);

/// <summary>Applies the kinds that need no count: off, model_map, output_cap. None of them makes a valid request invalid (G2).</summary>
internal static class MitigationRules
{
    public static MitigationEffect Apply(in GuardedCall call, Route route)
    {
        Mitigation? offBy = null, routedBy = null, cappedBy = null;
        Route? other = null;
        long? most = null;
        foreach (var standing in call.Mitigations)
        {
            var mitigation = standing.Mitigation;
            if (!standing.AppliesTo(call.Asked, call.Now)) continue;
            switch (mitigation.Kind)
            {
                case MitigationKind.Off:
                    offBy ??= mitigation;
                    break;
                case MitigationKind.ModelMap when other is null && Mapped(call, mitigation, route) is { } mapped:
                    (other, routedBy) = (mapped, mitigation);
                    break;
                case MitigationKind.OutputCap when IsLower(call.Request, mitigation.Rule.OutputTokens ?? long.MaxValue, most):
                    (most, cappedBy) = (mitigation.Rule.OutputTokens, mitigation);
                    break;
            }
        }

        return new(offBy, other, routedBy, most, cappedBy);
    }

    /// <summary>The request with the lower limit, and headers that say what was changed.</summary>
    public static GatewayRequest Rewrite(HttpResponse response, GatewayRequest request, in MitigationEffect effect)
    {
        if (effect.RoutedBy is { } routedBy)
        {
            MitigationRefusal.Mark(response, routedBy);
            response.Headers["Tieout-Requested-Model"] = request.Model;
        }

        if (effect is not { CappedBy: { } cappedBy, OutputTokensMax: { } most }) return request;
        MitigationRefusal.Mark(response, cappedBy);
        return request with { OutputTokensMax = most };
    }

    /// <summary>The upstreams of the other model, then those of the model that was asked for: they serve what the other model refuses as invalid.</summary>
    /// <returns>Null: the map does not name the model, or the other one is not offered to this key in this dialect.</returns>
    private static Route? Mapped(in GuardedCall call, Mitigation mitigation, Route route)
    {
        if (mitigation.Rule.Models is not { } models || !models.TryGetValue(call.Request.Model, out var name)) return null;
        if (call.Routes.Find(name) is not { } other || !other.Speaks(call.Spoken) || ReferenceGate.MayBePrivate(call.Routes, name)) return null;
        if (call.Spender.Refusal(call.Scope, name) is not null) return null;
        return route with { Stages = [.. other.Stages.Take(1), .. route.Stages], Substitutes = 1 };
    }

    private static bool IsLower(GatewayRequest request, long cap, long? most) =>
        request is { Limit: not null, HasOutput: true } && cap < (most ?? request.OutputTokensMax ?? long.MaxValue) && cap > request.ThinkingTokens;
}
