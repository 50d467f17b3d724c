using Tieout.Server.Errors;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.References;

/// <summary>Whether the org has what a request names, and where. The default value: the request names nothing.</summary>
internal readonly record struct ReferenceCheck
{
    private ReferenceCheck(GatewayRefusal? refused, UpstreamBinding binding) => (Refused, Binding) = (refused, binding);

    /// <summary>Why the request goes no further; null: it goes on.</summary>
    public GatewayRefusal? Refused { get; }

    /// <summary>Upstreams that the request may go to.</summary>
    public UpstreamBinding Binding { get; }

    public static ReferenceCheck Bind(UpstreamBinding binding) => new(refused: null, binding);

    public static ReferenceCheck Refuse(GatewayRefusal refused) => new(refused, default);

    /// <summary>Why a request that goes to this one upstream goes no further; null: it goes on.</summary>
    public GatewayRefusal? RefusalAt(Upstream upstream)
    {
        if (Refused is not null || Binding.Allows(upstream)) return Refused;
        return new(ApiError.ParameterInvalid, $"The request goes to the provider '{upstream.Options.Name}', which does not have what the request names.");
    }
}
