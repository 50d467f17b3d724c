using System.Diagnostics.CodeAnalysis;
using Tieout.Core.Spike;
using Tieout.Server.Gateway.Mitigations;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>What <see cref="Guardrails"/> decides about a request: it passes by a route, or is refused.</summary>
internal readonly record struct GuardrailDecision
{
    private GuardrailDecision(GatewayRefusal? refused, Route? route, bool checksModel) => (Refused, Route, ChecksModel) = (refused, route, checksModel);

    /// <summary>The mitigation that refuses; null: none does.</summary>
    public Mitigation? RefusedBy { get; private init; }

    /// <summary>What mitigations change about the request.</summary>
    public MitigationEffect Effect { get; private init; }

    [MemberNotNullWhen(true, nameof(Refused))]
    [MemberNotNullWhen(false, nameof(Route))]
    public bool IsRefused => Refused is not null;

    /// <summary>Why the request goes no further; null: it passes.</summary>
    public GatewayRefusal? Refused { get; }

    /// <summary>Upstreams of the model; null: the request is refused.</summary>
    public Route? Route { get; }

    /// <summary>The model may exist in one org's account only, so that <see cref="References.ReferenceGate"/> must be asked about it.</summary>
    public bool ChecksModel { get; }

    public static GuardrailDecision Pass(Route route, bool checksModel, in MitigationEffect effect = default) =>
        new(refused: null, route, checksModel) { Effect = effect };

    public static GuardrailDecision Refuse(GatewayRefusal refused, Mitigation? by = null) => new(refused, route: null, checksModel: false) { RefusedBy = by };
}
