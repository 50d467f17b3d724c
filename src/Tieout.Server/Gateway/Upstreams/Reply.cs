using Microsoft.AspNetCore.Http;
using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>How far a try at an upstream came.</summary>
internal enum Went
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
    LeftAlone,
}

/// <summary>What came of a try at an upstream, as far as the head of its answer.</summary>
/// <param name="Head">Null: none came.</param>
internal readonly record struct Reply(Went Went, UpstreamAnswer? Head = null)
{
    /// <summary>Whether the provider has, or may have, seen the request: then there is a usage record (M1).</summary>
    public bool Reached => Went is not (Went.Unreachable or Went.LeftAlone);

    /// <summary>Whether it counts as a failure of the upstream. A provider that limits us works.</summary>
    public bool CountsAgainst => Went is Went.ServerError or Went.NoAnswer or Went.Unreachable;

    public static Reply Of(UpstreamAnswer head) => new(
        (int)head.StatusCode switch
        {
            StatusCodes.Status429TooManyRequests => Went.TooMany,
            >= 500 => Went.ServerError,
            _ => Went.Answered,
        },
        head);

    /// <summary>Whether another attempt is safe and wanted after this.</summary>
    public bool MayBeFollowed(RetryOn on) => Went switch
    {
        Went.LeftAlone => true,
        Went.Unreachable => on.HasFlag(RetryOn.Unreachable),
        Went.NoAnswer => on.HasFlag(RetryOn.NoAnswer),
        Went.TooMany => on.HasFlag(RetryOn.TooMany),
        Went.ServerError => on.HasFlag(RetryOn.ServerError),
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
