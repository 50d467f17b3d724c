using Microsoft.AspNetCore.Http;
using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>How far a try at an upstream came.</summary>
internal enum UpstreamOutcome
{
    /// <summary>The head of an answer is there, and no other upstream could do better.</summary>
    Answered,

    /// <summary>429.</summary>
    TooMany,

    /// <summary>500 to 599.</summary>
    ServerError,

    /// <summary>Sent, or perhaps sent, and no head of an answer in time.</summary>
    NoAnswer,

    /// <summary>As <see cref="NoAnswer"/>, but its client had gone, and it was waited for no longer than for nobody.</summary>
    Abandoned,

    /// <summary>No connection came about: nothing was sent.</summary>
    Unreachable,

    /// <summary>Its breaker did not let it out: nothing was sent.</summary>
    CircuitOpen,
}

/// <summary>What came of a try at an upstream, as far as the head of its answer.</summary>
/// <param name="Head">Null: none came.</param>
internal readonly record struct Reply(UpstreamOutcome Outcome, UpstreamAnswer? Head = null)
{
    /// <summary>Whether the provider has, or may have, seen the request: then there is a usage record (M1).</summary>
    public bool Reached => Outcome is not (UpstreamOutcome.Unreachable or UpstreamOutcome.CircuitOpen);

    /// <summary>Whether it counts as a failure of the upstream. A provider that limits us works.</summary>
    public bool CountsAgainst => Outcome is UpstreamOutcome.ServerError or UpstreamOutcome.NoAnswer or UpstreamOutcome.Unreachable;

    public static Reply Of(UpstreamAnswer head) => new(
        (int)head.StatusCode switch
        {
            StatusCodes.Status429TooManyRequests => UpstreamOutcome.TooMany,
            >= 500 => UpstreamOutcome.ServerError,
            _ => UpstreamOutcome.Answered,
        },
        head);

    /// <summary>Whether another attempt is safe and wanted after this.</summary>
    public bool MayBeFollowed(RetryOn on) => Outcome switch
    {
        UpstreamOutcome.CircuitOpen => true,
        UpstreamOutcome.Unreachable => on.HasFlag(RetryOn.Unreachable),
        UpstreamOutcome.NoAnswer => on.HasFlag(RetryOn.NoAnswer),
        UpstreamOutcome.TooMany => on.HasFlag(RetryOn.TooMany),
        UpstreamOutcome.ServerError => on.HasFlag(RetryOn.ServerError),
        _ => false,
    };

    /// <summary>How long the provider wants to be left alone; null: it does not say.</summary>
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
