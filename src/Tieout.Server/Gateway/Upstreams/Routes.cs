using System.Collections.Frozen;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>Where the models that clients ask for lead.</summary>
internal sealed class Routes : IDisposable
{
    private readonly FrozenDictionary<string, Upstream> _upstreams;
    private readonly FrozenDictionary<string, Target> _byName;

    public Routes(ServerOptions options)
    {
        _upstreams = options.Providers.ToFrozenDictionary(provider => provider.Name, provider => new Upstream(provider, options.Gateway), StringComparer.Ordinal);

        // The first upstream answers; the others are there for the fallback of step 6.
        _byName = options.Models.ToFrozenDictionary(
            model => model.Name,
            model => new Target(_upstreams[model.Upstreams[0].Provider], model.Upstreams[0].Model, model.Upstreams[0].OutputTokensMax),
            StringComparer.Ordinal);
        Names = [.. options.Models.Select(model => model.Name)];
        if (options.Models.IsEmpty && options.Providers.Length == 1) Only = _upstreams[options.Providers[0].Name];
    }

    /// <summary>The names that are offered, in the order of the configuration.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The one provider whose every listed model passes through, where no names are configured.</summary>
    public Upstream? Only { get; }

    /// <summary>Null: not offered.</summary>
    public Target? Find(string name) => _byName.GetValueOrDefault(name) ?? (Only is null ? null : new(Only, name, OutputTokensMax: null));

    public void Dispose()
    {
        foreach (var upstream in _upstreams.Values) upstream.Dispose();
    }
}

/// <summary>One model at one upstream.</summary>
/// <param name="Model">What the provider calls it.</param>
/// <param name="OutputTokensMax">See <see cref="UpstreamOptions"/>.</param>
internal sealed record Target(Upstream Upstream, string Model, long? OutputTokensMax)
{
    /// <summary>The model's name as it stands in a request, in quotes.</summary>
    public byte[] ModelJson { get; } = [(byte)'"', .. JsonEncodedText.Encode(Model, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes, (byte)'"'];
}
