using System.Collections.Frozen;
using System.Collections.Immutable;
using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>The upstreams of every model that clients may ask for. Immutable: a new configuration makes a new instance.</summary>
internal sealed class Routes : IDisposable
{
    /// <summary>The breaker of a provider whose every model passes through.</summary>
    private const string AnyModel = "*";

    private readonly FrozenDictionary<string, Upstream> _upstreams;
    private readonly FrozenDictionary<string, Route> _byName;
    private readonly FrozenDictionary<(string Provider, string Model), Breaker> _breakers;

    /// <param name="before">Connections and breakers of upstreams that have not changed are kept.</param>
    public Routes(ServerOptions options, Routes? before = null)
    {
        Options = options;
        FreeLimits = options.Limits.Add(
            new(Org: null, Team: null, Key: LimitRule.Each, Model: null, options.Gateway.FreeRequestsPerMinute, TokensPerMinute: null, Concurrency: null));
        _upstreams = options.Providers.ToFrozenDictionary(
            provider => provider.Name,
            provider => before?._upstreams.GetValueOrDefault(provider.Name) is { } known && known.IsOf(provider, options.Gateway)
                ? known : new Upstream(provider, options.Gateway),
            StringComparer.Ordinal);
        if (options.Models.IsEmpty && options.Providers.Length == 1) Only = _upstreams[options.Providers[0].Name];
        _breakers = Breakers(options, before);
        var models = options.Models.ToDictionary(model => model.Name, StringComparer.Ordinal);
        _byName = options.Models.ToFrozenDictionary(
            model => model.Name,
            model => new Route(model.Name, [.. Chain(model, models).Select(Targets)], model.Retries ?? options.Gateway.Retries),
            StringComparer.Ordinal);
        Names = [.. options.Models.Select(model => model.Name)];
    }

    public ServerOptions Options { get; }

    /// <summary>Limits of free calls: those of all calls, and one more.</summary>
    public ImmutableArray<LimitRule> FreeLimits { get; }

    /// <summary>The models that are offered, in the order of the configuration.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The one provider whose every listed model passes through, where no names are configured.</summary>
    public Upstream? Only { get; }

    /// <summary>All upstreams with their health, in a fixed order.</summary>
    public IEnumerable<(string Provider, string Model, Breaker Breaker)> Health =>
        _breakers.Select(pair => (pair.Key.Provider, pair.Key.Model, pair.Value)).OrderBy(row => row.Provider, StringComparer.Ordinal).ThenBy(
            row => row.Model, StringComparer.Ordinal);

    /// <summary>A provider by its name; null: none of this name is configured.</summary>
    public Upstream? Upstream(string provider) => _upstreams.GetValueOrDefault(provider);

    /// <summary>The upstreams of a model; null: the model is not offered.</summary>
    public Route? Find(string name)
    {
        if (_byName.GetValueOrDefault(name) is { } route) return route;

        // Price lists match prefixes, so a name that is invalid as a label could have a price.
        if (Only is null || !Core.Tenancy.Names.IsValid(name)) return null;
        var timeouts = Timeouts.Of(new(), Only.Options.Timeouts, Options.Gateway);
        var target = new Target(Only, name, OutputTokensMax: null, timeouts, _breakers[(Only.Options.Name, AnyModel)]);
        return new(name, [[target]], Options.Gateway.Retries);
    }

    /// <summary>The first provider with this dialect, in the order of the configuration; null: there is none.</summary>
    public Upstream? FirstOf(ProviderDialect dialect) =>
        Options.Providers.FirstOrDefault(provider => provider.Dialect == dialect) is { } first ? _upstreams[first.Name] : null;

    /// <summary>The names by which clients ask for a provider's model.</summary>
    public IEnumerable<string> NamesOf(string provider, string model) =>
        Only?.Options.Name == provider
            ? [model]
            : _byName.Values.Where(route => route.Stages.Any(stage => stage.Any(target => target.Upstream.Options.Name == provider && target.Model == model)))
                .Select(route => route.Name);

    /// <summary>The names by which clients ask for a model, whichever provider has it under this name.</summary>
    public IEnumerable<string> NamesOf(string model) =>
        _byName.Values.Where(route => route.Stages.Any(stage => stage.Any(target => target.Model == model))).Select(route => route.Name);

    /// <summary>The most output tokens that a provider's model is configured to answer with; null: not configured.</summary>
    public long? OutputTokensMaxOf(string provider, string model) =>
        _byName.Values.SelectMany(route => route.Stages).SelectMany(stage => stage)
            .FirstOrDefault(target => target.Upstream.Options.Name == provider && target.Model == model)?.OutputTokensMax;

    /// <summary>Ends all connections. A replaced snapshot is not disposed of: answers may still be in flight, and idle connections end by themselves.</summary>
    public void Dispose()
    {
        foreach (var upstream in _upstreams.Values) upstream.Dispose();
    }

    private FrozenDictionary<(string Provider, string Model), Breaker> Breakers(ServerOptions options, Routes? before)
    {
        var wanted = new Dictionary<(string, string), BreakerOptions?>();
        if (Only is not null) wanted[(Only.Options.Name, AnyModel)] = options.Gateway.Breaker;
        foreach (var model in options.Models)
        {
            // Where there is no alternative, failing fast would only add failures.
            var usual = options.Gateway.Breaker ?? (model.Upstreams.Length > 1 || model.Fallbacks.Length > 0 ? BreakerOptions.Default : null);
            foreach (var upstream in model.Upstreams)
            {
                // One upstream under two names has one breaker, with the options of the first name that has any.
                var name = (upstream.Provider, upstream.Model);
                wanted[name] = wanted.GetValueOrDefault(name) ?? upstream.Breaker ?? usual;
            }
        }

        return wanted.ToFrozenDictionary(
            pair => pair.Key,
            pair => before?._breakers.GetValueOrDefault(pair.Key) is { } known && known.Options == pair.Value ? known : new Breaker(pair.Value, options.Time));
    }

    /// <summary>A model, then each of its fallbacks followed by that one's own; each once. The configuration was checked to have no loops.</summary>
    private static List<ModelOptions> Chain(ModelOptions model, Dictionary<string, ModelOptions> models)
    {
        var chain = new List<ModelOptions>();
        Add(model);
        return chain;

        void Add(ModelOptions next)
        {
            if (chain.Contains(next)) return;
            chain.Add(next);
            foreach (var fallback in next.Fallbacks) Add(models[fallback]);
        }
    }

    private ImmutableArray<Target> Targets(ModelOptions model) =>
    [
        .. model.Upstreams.Select(upstream => new Target(
            _upstreams[upstream.Provider], upstream.Model, upstream.OutputTokensMax,
            Timeouts.Of(model.Timeouts, _upstreams[upstream.Provider].Options.Timeouts, Options.Gateway),
            _breakers[(upstream.Provider, upstream.Model)], upstream.Priority, upstream.Weight)),
    ];
}
