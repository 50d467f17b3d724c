using System.Diagnostics.CodeAnalysis;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>What <see cref="Guardrails"/> decides about a request: it passes by a route, or is refused.</summary>
internal readonly record struct GuardrailDecision
{
    private GuardrailDecision(GatewayRefusal? refused, Route? route, bool checksModel) => (Refused, Route, ChecksModel) = (refused, route, checksModel);

    [MemberNotNullWhen(true, nameof(Refused))]
    [MemberNotNullWhen(false, nameof(Route))]
    public bool IsRefused => Refused is not null;

    /// <summary>Why the request goes no further; null: it passes.</summary>
    public GatewayRefusal? Refused { get; }

    /// <summary>Upstreams of the model; null: the request is refused.</summary>
    public Route? Route { get; }

    /// <summary>The model may exist in one org's account only, so that <see cref="References.ReferenceGate"/> must be asked about it.</summary>
    public bool ChecksModel { get; }

    public static GuardrailDecision Pass(Route route, bool checksModel) => new(refused: null, route, checksModel);

    public static GuardrailDecision Refuse(GatewayRefusal refused) => new(refused, route: null, checksModel: false);
}
