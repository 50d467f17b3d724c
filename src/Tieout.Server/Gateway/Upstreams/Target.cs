using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>How long an attempt may take, by the configuration of model, provider and gateway.</summary>
/// <param name="FirstByte">From sending to the head of the answer.</param>
/// <param name="Idle">Between two reads of the answer.</param>
/// <param name="Total">From sending to the last byte of the answer.</param>
internal readonly record struct Timeouts(TimeSpan FirstByte, TimeSpan Idle, TimeSpan Total)
{
    public static Timeouts Of(TimeoutOptions model, TimeoutOptions provider, GatewayOptions gateway)
    {
        var total = model.Total ?? provider.Total ?? gateway.RequestTimeout;
        return new(model.FirstByte ?? provider.FirstByte ?? total, model.Idle ?? provider.Idle ?? gateway.IdleTimeout, total);
    }
}

/// <summary>One model at one upstream.</summary>
/// <param name="Model">The provider's name of the model.</param>
/// <param name="OutputTokensMax">See <see cref="UpstreamOptions"/>.</param>
internal sealed record Target(Upstream Upstream, string Model, long? OutputTokensMax, Timeouts Timeouts, Breaker Breaker, int Priority = 0, int Weight = 1)
{
    /// <summary>The model's name as a request's JSON has it, in quotes.</summary>
    public byte[] ModelJson { get; } = [(byte)'"', .. JsonEncodedText.Encode(Model, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes, (byte)'"'];
}

/// <summary>The upstreams of one model that clients ask for.</summary>
/// <param name="Stages">Its own upstreams, then those of each fallback in turn. At least one, and none empty.</param>
internal sealed record Route(string Name, ImmutableArray<ImmutableArray<Target>> Stages, RetryOptions Retries)
{
    /// <summary>The first stages that serve another model than the one asked for, by a mitigation. What they refuse as invalid goes to the stages after
    /// them.</summary>
    public int Substitutes { get; init; }

    /// <summary>Whether the upstream serves another model than the one asked for.</summary>
    public bool IsSubstitute(Target target)
    {
        for (var stage = 0; stage < Substitutes; stage++)
        {
            if (Stages[stage].Contains(target)) return true;
        }

        return false;
    }

    /// <summary>Whether any upstream has this dialect. A request goes only to upstreams in its own dialect.</summary>
    public bool Speaks(ProviderDialect dialect) => Stages.Any(stage => stage.Any(target => target.Upstream.Options.Dialect == dialect));

    /// <summary>The first upstream that has this dialect and what the request names; null: there is none.</summary>
    public Target? First(ProviderDialect dialect, UpstreamBinding binding) =>
        Stages.SelectMany(stage => stage).FirstOrDefault(target => target.Upstream.Options.Dialect == dialect && binding.Allows(target.Upstream));
}
