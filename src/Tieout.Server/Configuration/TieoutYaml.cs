using System.Collections.Immutable;
using System.Globalization;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;
using Tieout.Storage.Postgres;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Tieout.Server.Configuration;

/// <summary>Reads <c>tieout.yaml</c>. What it does not understand it refuses: a misspelt limit that is silently ignored costs money.</summary>
public static class TieoutYaml
{
    private const long FileBytesMax = 1024 * 1024;

    /// <summary>Far deeper than anything means something here. What loads a document does so by recursion, and would take the whole server along.</summary>
    private const int DepthMax = 32;

    /// <param name="environment">For <c>${NAME}</c>, and for what outranks the file: <c>TIEOUT__LISTEN</c>, <c>TIEOUT__DATA</c>, <c>TIEOUT__SPOOL</c>,
    /// <c>TIEOUT__STORE</c>.</param>
    /// <exception cref="ConfigurationException">The file cannot be read or understood.</exception>
    public static ServerOptions Load(string path, Func<string, string?> environment)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > FileBytesMax }) throw new ConfigurationException($"{path}: the file is larger than 1 MiB.");
            return Read(File.ReadAllText(path), path, environment) with { File = new(path, environment) };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: the configuration cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Without a file: the defaults, and what the environment says.</summary>
    /// <inheritdoc cref="Load"/>
    public static ServerOptions FromEnvironment(Func<string, string?> environment) => Read("", "environment", environment);

    /// <param name="file">What messages call the text.</param>
    /// <inheritdoc cref="Load"/>
    public static ServerOptions Read(string text, string file, Func<string, string?> environment)
    {
        var source = new YamlSource(file, environment);
        var options = Overridden(
            Parse(text, file) is { } root ? ReadRoot(new(source, "", root)) : new ServerOptions(), environment) with
        { ValueFiles = [.. source.Files] };
        var names = options.Providers.Select(provider => provider.Name).ToHashSet(StringComparer.Ordinal);
        var unknown = options.Models.SelectMany(model => model.Upstreams.Select(upstream => (model.Name, upstream.Provider))).FirstOrDefault(
            use => !names.Contains(use.Provider));
        return unknown.Name is null ? options
            : throw new ConfigurationException($"{file}: model '{unknown.Name}' names the provider '{unknown.Provider}', which 'providers' does not have.");
    }

    /// <summary>Another file of ours in YAML.</summary>
    /// <exception cref="ConfigurationException">It is empty, or not YAML.</exception>
    internal static YamlPlace Document(string text, string file) => Parse(text, file) is { } root
        ? new(new YamlSource(file, _ => null), "", root) : throw new ConfigurationException($"{file}: the file is empty.");

    private static YamlNode? Parse(string text, string file)
    {
        try
        {
            RefuseTooDeep(text, file);
            var yaml = new YamlStream();
            using var reader = new StringReader(text);
            yaml.Load(reader);
            if (yaml.Documents.Count > 1) throw new ConfigurationException($"{file}: the file contains more than one YAML document.");
            return yaml.Documents.Count == 0 ? null : yaml.Documents[0].RootNode;
        }
        catch (YamlException error)
        {
            var what = error.Message.TrimEnd('.').ReplaceLineEndings(" ");
            throw new ConfigurationException(
                string.Create(CultureInfo.InvariantCulture, $"{file}:{error.Start.Line}:{error.Start.Column}: this is not YAML: {what}."), error);
        }
        catch (Exception error) when (error is not ConfigurationException)
        {
            // The reader's own slips, for texts that break off in odd places.
            throw new ConfigurationException($"{file}: this is not YAML.", error);
        }
    }

    private static void RefuseTooDeep(string text, string file)
    {
        using var reader = new StringReader(text);
        var events = new Parser(reader);
        for (var depth = 0; events.MoveNext();)
        {
            depth += events.Current!.NestingIncrease;
            if (depth > DepthMax)
            {
                throw new ConfigurationException(
                    string.Create(CultureInfo.InvariantCulture, $"{file}:{events.Current.Start.Line}: this is nested more than {DepthMax} deep."));
            }
        }
    }

    private static ServerOptions ReadRoot(YamlPlace root)
    {
        var members = root.Members(["listen", "data", "spool", "store", "providers", "models", "limits", "gateway", "governor", "webhooks", "smtp", "alerts",
            "surfaces", "approvals", "runtime", "heads", "spike", .. DoorYaml.Members]);
        var options = new ServerOptions { Doors = DoorYaml.Read(members) };
        if (members.TryGetValue("listen", out var listen)) options = options with { Listen = DoorYaml.Listening(listen.Text(), listen.Wrong) };
        if (members.TryGetValue("data", out var data)) options = options with { Data = data.Text() };
        if (members.TryGetValue("spool", out var spool)) options = options with { Spool = spool.Text() };
        if (members.TryGetValue("store", out var store)) options = options with { Postgres = Store(store.Text(), store.Wrong) };
        if (members.TryGetValue("providers", out var providers))
        {
            options = options with { Providers = [.. providers.Entries().Select(entry => Provider(entry.Key.Value!, entry.Value))] };
        }

        if (members.TryGetValue("models", out var models)) options = options with { Models = Models(models) };
        if (members.TryGetValue("limits", out var limits)) options = options with { Limits = RoutingYaml.Limits(limits) };
        if (members.TryGetValue("gateway", out var gateway)) options = options with { Gateway = Gateway(gateway) };
        if (members.TryGetValue("governor", out var governor)) options = options with { Governor = GovernorYaml.Governor(governor) };
        if (members.TryGetValue("smtp", out var smtp)) options = options with { Smtp = SmtpYaml.Smtp(smtp) };
        if (members.TryGetValue("webhooks", out var webhooks)) options = options with { Webhooks = OutboxYaml.Webhooks(webhooks) };
        if (members.TryGetValue("alerts", out var alerts)) options = options with { Alerts = OutboxYaml.Alerts(alerts) };
        if (members.TryGetValue("runtime", out var runtime)) options = options with { Runtime = RuntimeYaml.Runtime(runtime) };
        if (members.TryGetValue("surfaces", out var surfaces)) options = options with { Surfaces = SurfaceYaml.Surfaces(surfaces) };
        if (members.TryGetValue("approvals", out var approvals)) options = options with { Approvals = ApprovalYaml.Approvals(approvals) };
        if (members.TryGetValue("heads", out var heads)) options = options with { Heads = HeadYaml.Heads(heads) };
        if (members.TryGetValue("spike", out var spike)) options = options with { Spike = SpikeYaml.Spike(spike) };
        return options;
    }

    private static ServerOptions Overridden(ServerOptions options, Func<string, string?> environment)
    {
        if (environment("TIEOUT__LISTEN") is { Length: > 0 } listen)
        {
            options = options with { Listen = DoorYaml.Listening(listen, InEnvironment("TIEOUT__LISTEN")) };
        }

        if (environment("TIEOUT__DATA") is { Length: > 0 } data) options = options with { Data = data };
        if (environment("TIEOUT__SPOOL") is { Length: > 0 } spool) options = options with { Spool = spool };
        if (environment("TIEOUT__STORE") is { Length: > 0 } store) options = options with { Postgres = Store(store, InEnvironment("TIEOUT__STORE")) };
        return options with { Doors = DoorYaml.Overridden(options.Doors, environment) };

        static Func<string, ConfigurationException> InEnvironment(string name) => what => new($"{name}: {what}.");
    }

    private static ProviderOptions Provider(string name, YamlPlace place)
    {
        if (!Names.IsValid(name)) throw place.Wrong($"'{name}' cannot be a provider's name: use letters, digits and . _ - only");
        var members = place.Members("dialect", "base_url", "api_key", "forward_headers", "prices", "timeouts", "batch_factor", "auth_header", "query",
            "api_key_by_org", "shared_objects");
        if (!members.TryGetValue("base_url", out var url)) throw place.Wrong($"provider '{name}' needs a base_url");
        return new(
            name, members.TryGetValue("dialect", out var dialect) ? Dialect(dialect) : ProviderDialect.OpenAi, Url(url.Text(), url.Wrong),
            members.TryGetValue("api_key", out var key) ? HeaderValue(key) : null,
            members.TryGetValue("forward_headers", out var headers) ? [.. headers.Items().Select(HeaderPattern)] : [],
            members.TryGetValue("prices", out var prices) ? prices.Text() : null)
        {
            Timeouts = members.TryGetValue("timeouts", out var timeouts) ? RoutingYaml.Timeouts(timeouts, withConnect: true) : new(),
            AuthHeader = members.TryGetValue("auth_header", out var auth) ? HeaderName(auth) : null,
            ApiKeyByOrg = members.TryGetValue("api_key_by_org", out var keys) ? ApiKeyByOrg(keys) : ImmutableDictionary<string, string>.Empty,
            SharedObjects = members.TryGetValue("shared_objects", out var shared) ? [.. shared.Items().Select(item => item.Text())] : [],
            Query = members.TryGetValue("query", out var query) ? Query(query) : null,
            BatchFactor = members.TryGetValue("batch_factor", out var factor) ? BatchFactor(factor) : 0.5m,
        };
    }

    private static ImmutableDictionary<string, string> ApiKeyByOrg(YamlPlace place)
    {
        var keys = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (org, key) in place.Entries()) keys[Names.IsValid(org.Value!) ? org.Value! : throw place.Wrong($"'{org.Value}' is not an org's id")] =
            HeaderValue(key);
        return keys.ToImmutable();
    }

    private static ImmutableArray<ModelOptions> Models(YamlPlace place)
    {
        var fallbacks = new Dictionary<string, ImmutableArray<(string, YamlPlace)>>(StringComparer.Ordinal);
        var models = ImmutableArray.CreateBuilder<ModelOptions>();
        foreach (var item in place.Items())
        {
            var members = item.Members("name", "upstreams", "timeouts", "retries", "fallbacks");
            if (!members.TryGetValue("name", out var name)) throw item.Wrong("a model needs a name");
            if (!Names.IsValid(name.Text())) throw name.Wrong($"'{name.Text()}' cannot be a model's name");
            ImmutableArray<(string Name, YamlPlace)> others = members.TryGetValue("fallbacks", out var chain)
                ? [.. chain.Items().Select(other => (other.Text(), other))] : [];
            if (!fallbacks.TryAdd(name.Text(), others)) throw name.Wrong($"model '{name.Text()}' is listed twice");
            ImmutableArray<UpstreamOptions> upstreams = members.TryGetValue("upstreams", out var list) ? [.. list.Items().Select(Upstream)] : [];
            if (upstreams.IsEmpty) throw item.Wrong($"model '{name.Text()}' needs at least one upstream");
            if (upstreams.Length > RoutingYaml.UpstreamsMax) throw list!.Wrong($"model '{name.Text()}' has more than {RoutingYaml.UpstreamsMax} upstreams");
            models.Add(new(name.Text(), upstreams)
            {
                Timeouts = members.TryGetValue("timeouts", out var timeouts) ? RoutingYaml.Timeouts(timeouts, withConnect: false) : new(),
                Retries = members.TryGetValue("retries", out var retries) ? RoutingYaml.Retries(retries) : null,
                Fallbacks = [.. others.Select(other => other.Name)],
            });
        }

        RoutingYaml.RefuseLoops(fallbacks);
        return models.ToImmutable();
    }

    private static UpstreamOptions Upstream(YamlPlace place)
    {
        var members = place.Members("provider", "model", "output_tokens_max", "priority", "weight", "breaker");
        if (!members.TryGetValue("provider", out var provider)) throw place.Wrong("an upstream needs a provider");
        if (!members.TryGetValue("model", out var model)) throw place.Wrong("an upstream needs a model");
        return new(
            provider.Text(), model.Text(),
            members.TryGetValue("output_tokens_max", out var max) ? max.Count(1_000_000_000) : null,
            members.TryGetValue("priority", out var priority) ? (int)priority.Count(1_000, min: 0) : 0,
            members.TryGetValue("weight", out var weight) ? (int)weight.Count(1_000) : 1,
            members.TryGetValue("breaker", out var breaker) ? RoutingYaml.Breaker(breaker) : null);
    }

    private static GatewayOptions Gateway(YamlPlace place)
    {
        var members = place.Members("body_bytes_max", "output_tokens_default", "on_short", "connect_timeout", "request_timeout", "idle_timeout",
            "drain_timeout", "drain_bytes_max", "file_bytes_max", "batch_poll_interval", "free_requests_per_minute", "claim_multiple_max", "claim_excess_max",
            "sub_calls_max", "retries", "breaker", "recompute_window");
        var options = new GatewayOptions();
        if (members.TryGetValue("body_bytes_max", out var body)) options = options with { BodyBytesMax = body.Count(1L << 30) };
        if (members.TryGetValue("output_tokens_default", out var output)) options = options with { OutputTokensDefault = output.Count(1_000_000_000) };
        if (members.TryGetValue("on_short", out var onShort)) options = options with { OnShort = OnShort(onShort) };
        if (members.TryGetValue("connect_timeout", out var connect)) options = options with { ConnectTimeout = connect.Duration() };
        if (members.TryGetValue("request_timeout", out var request)) options = options with { RequestTimeout = request.Duration() };
        if (members.TryGetValue("idle_timeout", out var idle)) options = options with { IdleTimeout = idle.Duration() };
        if (members.TryGetValue("drain_timeout", out var drain)) options = options with { DrainTimeout = drain.Duration() };
        if (members.TryGetValue("drain_bytes_max", out var drained)) options = options with { DrainBytesMax = drained.Count(1L << 30) };
        if (members.TryGetValue("file_bytes_max", out var file)) options = options with { FileBytesMax = file.Count(1L << 40) };
        if (members.TryGetValue("batch_poll_interval", out var poll)) options = options with { BatchPollInterval = poll.Duration() };
        options = options with { Claims = Claims(members, options.Claims) };
        if (members.TryGetValue("free_requests_per_minute", out var free)) options = options with { FreeRequestsPerMinute = free.Count(1_000_000) };
        if (members.TryGetValue("recompute_window", out var recompute)) options = options with { RecomputeWindow = recompute.Duration() };
        if (members.TryGetValue("retries", out var retries)) options = options with { Retries = RoutingYaml.Retries(retries) };
        if (members.TryGetValue("breaker", out var breaker)) options = options with { Breaker = RoutingYaml.Breaker(breaker) };
        return options;
    }

    private static ClaimLimit Claims(Dictionary<string, YamlPlace> members, ClaimLimit usual) => new(
        members.TryGetValue("claim_multiple_max", out var multiple) ? (int)multiple.Count(1_000_000) : usual.Multiple,
        members.TryGetValue("claim_excess_max", out var excess)
            ? Amount.TryParse(excess.Text(), out var amount) && amount >= Amount.Zero
                ? amount : throw excess.Wrong($"'{excess.Text()}' is not an amount. Use digits with an optional decimal point, for example 1.00")
            : usual.Excess,
        members.TryGetValue("sub_calls_max", out var calls) ? (int)calls.Count(1_000, min: 0) : usual.SubCallsMax);

    private static ProviderDialect Dialect(YamlPlace place)
    {
        var known = Enum.GetValues<ProviderDialect>();
        var index = Array.FindIndex(known, dialect => dialect.Name() == place.Text());
        return index >= 0 ? known[index]
            : throw place.Wrong($"the dialect '{place.Text()}' is not known; known are {string.Join(", ", known.Select(dialect => dialect.Name()))}");
    }

    private static decimal BatchFactor(YamlPlace place) =>
        decimal.TryParse(place.Text(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var factor) && factor is > 0 and <= 1
            ? factor
            : throw place.Wrong($"'{place.Text()}' is not a part of the whole: write 0.5, say, or 1");

    private static OnShort OnShort(YamlPlace place) => place.Text() switch
    {
        "refuse" => Configuration.OnShort.Refuse,
        "clamp" => Configuration.OnShort.Clamp,
        var unknown => throw place.Wrong($"'{unknown}' is unknown. Use refuse or clamp"),
    };

    private static string? Store(string text, Func<string, ConfigurationException> wrong) =>
        text == "sqlite" ? null
        : PostgresAddress.IsOne(text) ? text
        : throw wrong(text.StartsWith("postgres", StringComparison.Ordinal) && text.Contains("://", StringComparison.Ordinal)
            ? $"the address of the store is not valid: {PostgresAddress.Validate(text)}"
            : $"the store '{text}' is not known; known are sqlite and postgres://user@host:port/database");

    private static Uri Url(string text, Func<string, ConfigurationException> wrong) =>
        Uri.TryCreate(text.TrimEnd('/'), UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
        && url is { UserInfo: "", Query: "", Fragment: "", Host.Length: > 0 }
            ? url
            : throw wrong("the address must be http:// or https:// with a host, and without a user, a query or a fragment");

    private static string HeaderValue(YamlPlace place)
    {
        var text = place.Text().Trim();
        return text.Length > 0 && text.All(c => c is > ' ' and < '\x7f')
            ? text : throw place.Wrong("the api_key has spaces or characters that no header can carry");
    }

    private static string HeaderName(YamlPlace place) =>
        HeaderPattern(place) is var name && !name.EndsWith('*') ? name : throw place.Wrong($"'{name}' is not a header's name");

    private static string Query(YamlPlace place) =>
        string.Join('&', place.Entries().Select(parameter => $"{Uri.EscapeDataString(parameter.Key.Value!)}={Uri.EscapeDataString(parameter.Value.Text())}"));

    private static string HeaderPattern(YamlPlace place)
    {
        var text = place.Text();
        var name = text.EndsWith('*') ? text[..^1] : text;
        return text.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            ? text : throw place.Wrong($"'{text}' is not a header's name, with at most one * at its end");
    }
}
