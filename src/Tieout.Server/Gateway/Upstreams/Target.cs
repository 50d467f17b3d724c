using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>How long an attempt may take, with all that is configured taken together.</summary>
/// <param name="FirstByte">From sending to the head of the answer.</param>
/// <param name="Idle">Between two reads of it.</param>
/// <param name="Total">From sending to its last byte.</param>
internal readonly record struct Timeouts(TimeSpan FirstByte, TimeSpan Idle, TimeSpan Total)
{
    public static Timeouts Of(TimeoutOptions model, TimeoutOptions provider, GatewayOptions gateway)
    {
        var total = model.Total ?? provider.Total ?? gateway.RequestTimeout;
        return new(model.FirstByte ?? provider.FirstByte ?? total, model.Idle ?? provider.Idle ?? gateway.IdleTimeout, total);
    }
}

/// <summary>One model at one upstream.</summary>
/// <param name="Model">What the provider calls it.</param>
/// <param name="OutputTokensMax">See <see cref="UpstreamOptions"/>.</param>
internal sealed record Target(Upstream Upstream, string Model, long? OutputTokensMax, Timeouts Timeouts, Breaker Breaker, int Priority = 0, int Weight = 1)
{
    /// <summary>The model's name as it stands in a request, in quotes.</summary>
    public byte[] ModelJson { get; } = [(byte)'"', .. JsonEncodedText.Encode(Model, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes, (byte)'"'];
}

/// <summary>Where one name leads.</summary>
/// <param name="Stages">Its own upstreams, then those of each fallback in turn. At least one, and none empty.</param>
internal sealed record Route(string Name, ImmutableArray<ImmutableArray<Target>> Stages, RetryOptions Retries)
{
    /// <summary>Whether any of its upstreams is spoken to like this. Requests are passed on in the dialect they came in.</summary>
    public bool Speaks(ProviderDialect dialect) => Stages.Any(stage => stage.Any(target => target.Upstream.Options.Dialect == dialect));

    /// <summary>The first that is spoken to like this and has what the request names; null: there is none.</summary>
    public Target? First(ProviderDialect dialect, UpstreamBinding binding) =>
        Stages.SelectMany(stage => stage).FirstOrDefault(target => target.Upstream.Options.Dialect == dialect && binding.Allows(target.Upstream));
}
