using System.Collections.Immutable;
using Tieout.Core.Attribution;
using Tieout.Core.Pricing;
using Tieout.Storage.Spool;

namespace Tieout.Server.Configuration;

/// <summary>How one server runs: what <c>tieout.yaml</c>, the environment and the command line come to.</summary>
public sealed record ServerOptions
{
    /// <summary>Where it listens; port 0 takes a free one, which <c>app.Urls</c> then names.</summary>
    public string Listen { get; init; } = "http://127.0.0.1:4080";

    /// <summary>Whether refused requests leave log lines. The demo refuses on purpose and shows the count itself.</summary>
    public bool LogsRefused { get; init; } = true;

    /// <summary>TLS, the operations port, proxies.</summary>
    public DoorOptions Doors { get; init; } = new();

    /// <summary>The folder that holds everything durable.</summary>
    public string Data { get; init; } = "tieout-data";

    /// <summary>The folder where finished spend waits while the store is down; null: <c>spool</c> in the data folder. Another disk outlives a full
    /// one.</summary>
    public string? Spool { get; init; }

    public SpoolLimits SpoolLimits { get; init; } = new();

    public string SpoolFolder => Spool ?? Path.Combine(Data, "spool");

    /// <summary>The PostgreSQL store that keeps the ledger, <c>postgres://user@host:port/database</c>; null: the embedded one, in the data folder.</summary>
    public string? Postgres { get; init; }

    public ImmutableArray<ProviderOptions> Providers { get; init; } = [];

    /// <summary>The names clients may ask for. Empty, and one provider only: every model that the price lists know of it.</summary>
    public ImmutableArray<ModelOptions> Models { get; init; } = [];

    /// <summary>How much may be asked in a time. All rules that match a request hold for it.</summary>
    public ImmutableArray<LimitRule> Limits { get; init; } = [];

    public GatewayOptions Gateway { get; init; } = new();

    /// <summary>What callers may occupy.</summary>
    public GovernorOptions Governor { get; init; } = new();

    public WebhookOptions Webhooks { get; init; } = new();

    /// <summary>The mail server for e-mail endpoints; null: there can be none.</summary>
    public SmtpOptions? Smtp { get; init; }

    /// <summary>Whether the mail server's certificate is trusted; null: as the machine says. Never read from <c>tieout.yaml</c>.</summary>
    internal System.Net.Security.RemoteCertificateValidationCallback? SmtpTrusts { get; init; }

    public AlertOptions Alerts { get; init; } = new();

    /// <summary>What the report of a cost spike takes for work that is done again.</summary>
    public SpikeOptions Spike { get; init; } = new();

    public RuntimeOptions Runtime { get; init; } = new();

    /// <summary>Other books that the ledger can be compared with by name.</summary>
    public ImmutableArray<SurfaceOptions> Surfaces { get; init; } = [];

    /// <summary>When moving money by hand needs a second person.</summary>
    public ApprovalOptions Approvals { get; init; } = new();

    /// <summary>The files that <c>${file:...}</c> in <c>tieout.yaml</c> named: read again when they change, too.</summary>
    public ImmutableArray<string> ValueFiles { get; init; } = [];

    /// <summary>The file that is read again when it changes; null: there is none. Where the server listens, its data and its store stay as they were.</summary>
    public ConfigurationFile? File { get; init; }

    /// <summary>Who may administer; null: nobody over HTTP. Never read from <c>tieout.yaml</c>.</summary>
    public string? AdminToken { get; init; }

    /// <summary>What envelope keys are derived from; null: none, and no envelope is issued or believed. Never read from <c>tieout.yaml</c>.</summary>
    public EnvelopeSecret? EnvelopeSecret { get; init; }

    /// <summary>Evidence of the ledger's end that is written outside the store; null: none is.</summary>
    public HeadOptions? Heads { get; init; }

    /// <summary>Why the store was put back to an earlier state on purpose; null: it was not.</summary>
    public string? AcceptedRollback { get; init; }

    /// <summary>The files that the admin token and the envelope secret came from, so that they can be read again.</summary>
    public SecretFiles SecretFiles { get; init; } = new(null, null);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Not the options themselves: they hold secrets, and records print all they have.</summary>
    public override string ToString() => $"{nameof(ServerOptions)} of {Listen}";
}

/// <param name="AdminToken">Null: the token came from the environment, and stays until a restart. The other likewise.</param>
public sealed record SecretFiles(string? AdminToken, string? EnvelopeSecret);

/// <summary>One provider of models.</summary>
/// <param name="Dialect">How it is spoken to.</param>
/// <param name="BaseUrl">http or https, without a slash at the end; the version is part of it, <c>/chat/completions</c> comes after it.</param>
/// <param name="ApiKey">Sent where the dialect has it: as a bearer token, <c>x-api-key</c> or <c>x-goog-api-key</c>; null: none.</param>
/// <param name="ForwardHeaders">Names of client headers that are passed on, with at most one <c>*</c> at the end. Credentials never are.</param>
/// <param name="Prices">The provider whose list holds for this one; null: its own, else its dialect's home provider's.</param>
public sealed record ProviderOptions(
    string Name, ProviderDialect Dialect, Uri BaseUrl, string? ApiKey, ImmutableArray<string> ForwardHeaders, string? Prices = null)
{
    public TimeoutOptions Timeouts { get; init; } = new();

    /// <summary>Keys of orgs that have an account of their own at the provider, by org. All others share the account of <see cref="ApiKey"/>.</summary>
    public ImmutableDictionary<string, string> ApiKeyByOrg { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Ids of objects in the shared account (prompts, vector stores, cached contents ...) that every org may name.</summary>
    public ImmutableHashSet<string> SharedObjects { get; init; } = [];

    /// <summary>The header that bears <see cref="ApiKey"/>, as it is; null: the dialect's own, in the dialect's form. Azure's is <c>api-key</c>.</summary>
    public string? AuthHeader { get; init; }

    /// <summary>What is added to the query of every request, escaped, for example <c>api-version=2024-10-21</c>; null: nothing.</summary>
    public string? Query { get; init; }

    /// <summary>What tokens cost in a batch, as a part of what the price list says: above 0, at most 1. Providers publish a half.</summary>
    public decimal BatchFactor { get; init; } = 0.5m;

    public override string ToString() => $"{Name} ({Dialect}) at {BaseUrl}";
}

public enum ProviderDialect
{
    OpenAi,
    Anthropic,
    Gemini,
}

internal static class ProviderDialectNames
{
    /// <summary>As the configuration and texts have it: <c>openai</c>.</summary>
    public static string Name(this ProviderDialect dialect) => dialect.ToString().ToLowerInvariant();
}

/// <summary>A name that clients ask for, and who answers.</summary>
/// <param name="Upstreams">At least one.</param>
public sealed record ModelOptions(string Name, ImmutableArray<UpstreamOptions> Upstreams)
{
    /// <summary>Without <see cref="TimeoutOptions.Connect"/>.</summary>
    public TimeoutOptions Timeouts { get; init; } = new();

    /// <summary>Null: the gateway's.</summary>
    public RetryOptions? Retries { get; init; }

    /// <summary>Names of other models that answer where none of the upstreams can, in this order, each with its own fallbacks after it.</summary>
    public ImmutableArray<string> Fallbacks { get; init; } = [];
}

/// <param name="Provider">The name of a <see cref="ProviderOptions"/>.</param>
/// <param name="Model">What the provider calls it.</param>
/// <param name="OutputTokensMax">The most it answers with where a request sets no limit; null: the gateway's default.</param>
/// <param name="Priority">Lower comes first.</param>
/// <param name="Weight">Its share of the requests among upstreams of the same priority.</param>
/// <param name="Breaker">Null: the gateway's.</param>
public sealed record UpstreamOptions(
    string Provider, string Model, long? OutputTokensMax = null, int Priority = 0, int Weight = 1, BreakerOptions? Breaker = null);

/// <summary>What becomes of a request for which there is not enough left.</summary>
public enum OnShort
{
    /// <summary>It is refused, and says what is left.</summary>
    Refuse,

    /// <summary>Its answer is made as short as what is left allows.</summary>
    Clamp,
}

/// <summary>Limits and time-outs of the gateway.</summary>
public sealed record GatewayOptions
{
    /// <summary>Bounds the memory of one request. Long contexts with images fit.</summary>
    public long BodyBytesMax { get; init; } = 32 * 1024 * 1024;

    /// <summary>Output tokens to hold money for where neither the request nor the model says a limit. An answer that is longer is an overrun, and a
    /// finding.</summary>
    public long OutputTokensDefault { get; init; } = 16_384;

    /// <summary>The header <c>Tieout-On-Short</c> of a request outranks it.</summary>
    public OnShort OnShort { get; init; } = OnShort.Refuse;

    /// <summary>To reach a provider.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From sending a request to the last byte of its answer.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Between two reads of an answer. Its first byte may take as long as <see cref="RequestTimeout"/>, unless a provider's or model's
    /// <see cref="TimeoutOptions.FirstByte"/> says less.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long an answer is read on after its client has gone, so that its true usage is known.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How much of an answer is read on after its client has gone.</summary>
    public long DrainBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>How often a key may ask in a minute for what the provider takes nothing for: moderation and token counting. Besides, <c>limits</c> count for it
    /// as for everything else.</summary>
    public long FreeRequestsPerMinute { get; init; } = 600;

    /// <summary>A body that a key sends again within this time has the trigger <c>recompute</c>, unless its caller gives another. Null: no body is
    /// remembered.</summary>
    public TimeSpan? RecomputeWindow { get; init; }

    /// <summary>The largest file that is taken for a batch. It goes through a file of the data folder, not through memory.</summary>
    public long FileBytesMax { get; init; } = 200 * 1024 * 1024;

    /// <summary>How often providers are asked for the end of batches that nobody asks for.</summary>
    public TimeSpan BatchPollInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How much of what a provider claims for an attempt is charged without a decision.</summary>
    public ClaimLimit Claims { get; init; } = ClaimLimit.Default;

    /// <summary>Where a model does not say.</summary>
    public RetryOptions Retries { get; init; } = RetryOptions.Default;

    /// <summary>Where an upstream does not say. Null: <see cref="BreakerOptions.Default"/> where there is another to go to, and none where there is
    /// not.</summary>
    public BreakerOptions? Breaker { get; init; }
}
