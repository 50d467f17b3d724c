using Microsoft.AspNetCore.Http;
using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>How far an attempt at an upstream came.</summary>
internal enum UpstreamOutcome
{
    /// <summary>The head of an answer arrived, and another upstream could not do better.</summary>
    Answered,

    /// <summary>Status 429.</summary>
    TooMany,

    /// <summary>Status 500 to 599.</summary>
    ServerError,

    /// <summary>The request was sent, at least in part, and no head of an answer arrived in time.</summary>
    NoAnswer,

    /// <summary>As <see cref="NoAnswer"/>, but the client had gone, so that the gateway waited for the shorter drain time-out only.</summary>
    Abandoned,

    /// <summary>No connection was made: nothing was sent.</summary>
    Unreachable,

    /// <summary>The circuit breaker is open: nothing was sent.</summary>
    CircuitOpen,
}

/// <summary>Result of an attempt at an upstream, up to the head of its answer.</summary>
/// <param name="Head">Null: none arrived.</param>
internal readonly record struct Reply(UpstreamOutcome Outcome, UpstreamAnswer? Head = null)
{
    /// <summary>Whether the provider has, or may have, seen the request: then there is a usage record (M1).</summary>
    public bool Reached => Outcome is not (UpstreamOutcome.Unreachable or UpstreamOutcome.CircuitOpen);

    /// <summary>Whether the reply counts as a failure of the upstream. A provider that limits our rate works.</summary>
    public bool CountsAgainst => Outcome is UpstreamOutcome.ServerError or UpstreamOutcome.NoAnswer or UpstreamOutcome.Unreachable;

    /// <summary>Whether the provider refused the request itself: another model may take it.</summary>
    public bool RefusesRequest => Head is { } head && (int)head.StatusCode is (StatusCodes.Status400BadRequest or StatusCodes.Status404NotFound
        or StatusCodes.Status413PayloadTooLarge or StatusCodes.Status415UnsupportedMediaType or StatusCodes.Status422UnprocessableEntity);

    public static Reply Of(UpstreamAnswer head) => new(
        (int)head.StatusCode switch
        {
            StatusCodes.Status429TooManyRequests => UpstreamOutcome.TooMany,
            >= 500 => UpstreamOutcome.ServerError,
            _ => UpstreamOutcome.Answered,
        },
        head);

    /// <summary>Whether the configuration allows another attempt after this reply.</summary>
    public bool AllowsRetry(RetryOn on) => Outcome switch
    {
        UpstreamOutcome.CircuitOpen => true,
        UpstreamOutcome.Unreachable => on.HasFlag(RetryOn.Unreachable),
        UpstreamOutcome.NoAnswer => on.HasFlag(RetryOn.NoAnswer),
        UpstreamOutcome.TooMany => on.HasFlag(RetryOn.TooMany),
        UpstreamOutcome.ServerError => on.HasFlag(RetryOn.ServerError),
        _ => false,
    };

    /// <summary>How long the provider asks clients to wait; null: it does not say.</summary>
    public TimeSpan? RetryAfter(DateTimeOffset now)
    {
        if (Head is null) return null;
        if (Head.Headers.TryGetValues("Retry-After-Ms", out var precise)
            && int.TryParse(precise.FirstOrDefault(), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var ms))
        {
            return TimeSpan.FromMilliseconds(ms);
        }

        var after = Head.Headers.RetryAfter;
        if ((after?.Delta ?? after?.Date - now) is not { } wait) return null;
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }
}
