using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.Limits;

/// <summary>The requests and tokens that one rule has left for the keys that share it.</summary>
/// <remarks>
/// Fair between keys, and without a queue: a key within its equal share (the limit over the keys seen in the last minute) may take what is there;
/// past its share it may take only what leaves half of the bucket. So a key alone has the whole limit, and the burst of one always leaves room for another.
/// </remarks>
internal sealed class TokenBucket(LimitRule rule, TimeSpan now)
{
    /// <summary>A key without a request for this long loses its share.</summary>
    private static readonly TimeSpan Active = TimeSpan.FromMinutes(1);

    /// <summary>Keys that have a share of one bucket. Further keys have none, and are admitted while the bucket has room.</summary>
    private const int SharesMax = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Share> _shares = new(StringComparer.Ordinal);
    private Refill _requests = new(rule.RequestsPerMinute ?? 0, now);
    private Refill _tokens = new(rule.TokensPerMinute ?? 0, now);
    private TimeSpan _sweptAt = now;
    private long _inFlight;

    public long InFlight
    {
        get
        {
            lock (_lock) return _inFlight;
        }
    }

    /// <summary>Takes a place, a request and its tokens, or nothing.</summary>
    /// <param name="tokens">An estimate, which <see cref="Leave"/> corrects. More than the whole limit counts as the whole, so that a full bucket admits one
    /// such request.</param>
    public LimitStanding Enter(string key, long tokens, TimeSpan now)
    {
        lock (_lock)
        {
            var share = ShareOf(key, now);
            var wanted = Math.Min(tokens, rule.TokensPerMinute ?? 0);
            var refused = Refused(share, wanted, now);
            if (refused is null)
            {
                _inFlight++;
                share.InFlight++;
                Take(share, 1, wanted);
            }

            return Standing(refused, now);
        }
    }

    /// <summary>Whether a request could enter now, regardless of its tokens. Takes nothing.</summary>
    public LimitStanding Peek(string key, TimeSpan now)
    {
        lock (_lock)
        {
            var share = ShareOf(key, now);
            return Standing(Refused(share, tokens: 0, now), now);
        }
    }

    /// <summary>Gives back what an ended request does not need.</summary>
    /// <param name="requests">Requests to give back: 1 where another rule refused the request, else 0.</param>
    /// <param name="tokens">Tokens taken at the beginning.</param>
    /// <param name="used">Tokens really used; null: unknown, so the tokens taken count.</param>
    public void Leave(string key, long requests, long tokens, long? used)
    {
        lock (_lock)
        {
            // A key without a share, or whose share was removed, has nothing to correct.
            var share = _shares.GetValueOrDefault(key) ?? new();
            _inFlight--;
            if (share.InFlight > 0) share.InFlight--;
            Take(share, -requests, used is { } count ? count - Math.Min(tokens, rule.TokensPerMinute ?? 0) : 0);
        }
    }

    /// <summary>Whether the bucket can be removed and made anew without loss.</summary>
    public bool IsIdle(TimeSpan now)
    {
        lock (_lock)
        {
            return _inFlight == 0
                && _requests.Level(rule.RequestsPerMinute ?? 0, now) == (rule.RequestsPerMinute ?? 0)
                && _tokens.Level(rule.TokensPerMinute ?? 0, now) == (rule.TokensPerMinute ?? 0);
        }
    }

    private (LimitKind Kind, TimeSpan Wait)? Refused(Share share, long tokens, TimeSpan now) =>
        TooMany(share) ? (LimitKind.Concurrency, TimeSpan.FromSeconds(1))
        : Short(ref _requests, ref share.Requests, rule.RequestsPerMinute, 1, now) is { } requests ? (LimitKind.Requests, requests)
        : Short(ref _tokens, ref share.Tokens, rule.TokensPerMinute, tokens, now) is { } wait ? (LimitKind.Tokens, wait)
        : null;

    private bool TooMany(Share share)
    {
        if (rule.Concurrency is not { } most) return false;
        var isWithinShare = share.InFlight == 0 || (share.InFlight + 1) * _shares.Count <= most;
        var leavesHalf = (_inFlight + 1) * 2 <= most;
        return _inFlight >= most || (!isWithinShare && !leavesHalf);
    }

    /// <returns>How long until there is enough; null: there is enough now.</returns>
    private TimeSpan? Short(ref Refill all, ref Refill own, long? perMinute, long wanted, TimeSpan now)
    {
        if (perMinute is not { } limit) return null;
        var level = all.Level(limit, now);
        if (level < wanted) return Refill.Until(wanted, level, limit);
        var fair = (decimal)limit / _shares.Count;
        var left = own.Level(fair, now);
        if (_shares.Count <= 1 || left >= Math.Min(wanted, fair) || (level - wanted) * 2 >= limit) return null;
        var untilShare = Refill.Until(Math.Min(wanted, fair), left, fair);
        var untilRoom = Refill.Until(wanted + (limit / 2m), level, limit);
        return untilShare < untilRoom || wanted * 2 > limit ? untilShare : untilRoom;
    }

    private void Take(Share share, long requests, long tokens)
    {
        if (rule.RequestsPerMinute is not null)
        {
            _requests.Take(requests);
            share.Requests.TakeWhatIsThere(requests);
        }

        if (rule.TokensPerMinute is null) return;
        _tokens.Take(tokens);
        share.Tokens.TakeWhatIsThere(tokens);
    }

    private Share ShareOf(string key, TimeSpan now)
    {
        if (now - _sweptAt >= Active)
        {
            _sweptAt = now;
            foreach (var (gone, old) in _shares)
            {
                if (old.InFlight == 0 && now - old.SeenAt >= Active) _shares.Remove(gone);
            }
        }

        if (!_shares.TryGetValue(key, out var share))
        {
            share = new();
            if (_shares.Count < SharesMax) _shares.Add(key, share);
            var keys = Math.Max(_shares.Count, 1);
            share.Requests = new((decimal)(rule.RequestsPerMinute ?? 0) / keys, now);
            share.Tokens = new((decimal)(rule.TokensPerMinute ?? 0) / keys, now);
        }

        share.SeenAt = now;
        return share;
    }

    private LimitStanding Standing((LimitKind Kind, TimeSpan Wait)? refused, TimeSpan now) => new(
        refused?.Kind, refused?.Wait ?? TimeSpan.Zero,
        Figure(ref _requests, rule.RequestsPerMinute, now), Figure(ref _tokens, rule.TokensPerMinute, now));

    private static LimitFigure? Figure(ref Refill bucket, long? perMinute, TimeSpan now)
    {
        if (perMinute is not { } limit) return null;
        var level = bucket.Level(limit, now);
        return new(limit, (long)Math.Max(decimal.Floor(level), 0), Refill.Until(limit, level, limit));
    }

    private sealed class Share
    {
        public Refill Requests;
        public Refill Tokens;
        public long InFlight;
        public TimeSpan SeenAt;
    }
}

/// <summary>What a rule limits.</summary>
internal enum LimitKind
{
    Requests,
    Tokens,
    Concurrency,
}

/// <summary>State of a bucket for one key.</summary>
/// <param name="Refused">The limit that is exceeded; null: the request is admitted.</param>
/// <param name="Wait">How long until a retry can succeed.</param>
internal readonly record struct LimitStanding(LimitKind? Refused, TimeSpan Wait, LimitFigure? Requests, LimitFigure? Tokens);

/// <param name="Reset">How long until the bucket is full.</param>
internal readonly record struct LimitFigure(long Limit, long Remaining, TimeSpan Reset);
