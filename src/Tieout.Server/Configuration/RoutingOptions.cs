using Tieout.Storage;

namespace Tieout.Server.Configuration;

/// <summary>How long an attempt may take. What is null is said elsewhere: a model's own outranks its provider's, and that the gateway's.</summary>
/// <param name="Connect">To reach the provider. A provider's only: its connections are shared by all models.</param>
/// <param name="FirstByte">From sending to the head of the answer.</param>
/// <param name="Idle">Between two reads of the answer.</param>
/// <param name="Total">From sending to the last byte.</param>
public sealed record TimeoutOptions(TimeSpan? Connect = null, TimeSpan? FirstByte = null, TimeSpan? Idle = null, TimeSpan? Total = null);

/// <summary>When a request is tried again, as long as nothing has gone to its client.</summary>
public sealed record RetryOptions
{
    /// <summary>Bounds what one request may cost in calls and in time.</summary>
    public const int AttemptsUpperBound = 10;

    /// <summary>Without a word about retries: each upstream once.</summary>
    public static RetryOptions Default { get; } = new();

    /// <summary>The most attempts of one request over all its upstreams and fallbacks, 1 to <see cref="AttemptsUpperBound"/>.</summary>
    public int AttemptsMax { get; init; } = 4;

    /// <summary>Whether, once each upstream has been tried, they are tried again, after a pause.</summary>
    public bool Repeats { get; init; }

    /// <summary>The pause before a repeat, by chance up to half shorter; twice as long each further time, up to <see cref="RetryAfterMax"/> or to this itself.
    /// A provider's <c>Retry-After</c> outranks it.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>A provider that wants to be left alone for longer than this is not waited for.</summary>
    public TimeSpan RetryAfterMax { get; init; } = TimeSpan.FromSeconds(5);

    public RetryOn On { get; init; } = RetryOn.All;

    /// <summary>Our own pauses before repeats.</summary>
    public Backoff Pauses => new(Backoff, RetryAfterMax);
}

/// <summary>After what an attempt may be followed by another.</summary>
[Flags]
public enum RetryOn
{
    None = 0,

    /// <summary>No connection came about: nothing was sent.</summary>
    Unreachable = 1,

    /// <summary>The head of the answer did not come in time, or the connection was lost before it. It may have been spent on; the attempt is an
    /// estimate.</summary>
    NoAnswer = 2,

    /// <summary>429.</summary>
    TooMany = 4,

    /// <summary>500 to 599.</summary>
    ServerError = 8,

    All = Unreachable | NoAnswer | TooMany | ServerError,
}

/// <summary>When an upstream is left alone for a while.</summary>
/// <param name="Failures">That many failures in a row open it; of more calls within the window, half must have failed. 2 to 1,000.</param>
/// <param name="Window">How far back calls count; at least half a second.</param>
/// <param name="OpenFor">How long it is left alone before one call tries it; at least half a second.</param>
public sealed record BreakerOptions(int Failures, TimeSpan Window, TimeSpan OpenFor)
{
    public static BreakerOptions Default { get; } = new(5, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10));
}

/// <summary>How much may be asked in a time. Whoever a rule names has it to share; <c>*</c> gives each its own.</summary>
/// <param name="Org">A name, <c>*</c>, or null: not looked at. The others likewise.</param>
/// <param name="Model">The name that clients ask for.</param>
/// <param name="RequestsPerMinute">Null: no such limit. The others likewise.</param>
/// <param name="TokensPerMinute">Input and output tokens together.</param>
/// <param name="Concurrency">Requests at the same time.</param>
public sealed record LimitRule(
    string? Org, string? Team, string? Key, string? Model, long? RequestsPerMinute, long? TokensPerMinute, long? Concurrency)
{
    public const string Each = "*";
}

/// <summary>Where the options came from, so that they can be read again.</summary>
public sealed record ConfigurationFile(string Path, Func<string, string?> Environment);

