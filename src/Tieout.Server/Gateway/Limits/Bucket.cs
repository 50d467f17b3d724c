using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.Limits;

/// <summary>What one rule leaves for those who share it.</summary>
/// <remarks>
/// Fair between keys, and without a queue: a key within its equal share (the limit over the keys seen in the last minute) may take what is there;
/// past its share it may take only what leaves half of the bucket. So a key alone has the whole limit, and the burst of one always leaves room for another.
/// </remarks>
internal sealed class Bucket(LimitRule rule, TimeSpan now)
{
    /// <summary>A key that asked for nothing this long has no share any more.</summary>
    private static readonly TimeSpan Active = TimeSpan.FromMinutes(1);

    /// <summary>Keys that have a share of one bucket. The ones beyond are let in by what is left alone.</summary>
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

    /// <summary>Takes a place, a request and its tokens; or nothing at all.</summary>
    /// <param name="tokens">An estimate; <see cref="Leave"/> makes it true. More than the whole limit counts as the whole: an empty bucket lets one such request in, once it is full.</param>
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

    /// <summary>Whether a request could enter now, whatever its tokens. Takes nothing.</summary>
    public LimitStanding Peek(string key, TimeSpan now)
    {
        lock (_lock)
        {
            var share = ShareOf(key, now);
            return Standing(Refused(share, tokens: 0, now), now);
        }
    }

    /// <summary>The request is over.</summary>
    /// <param name="requests">What is given back of the one taken: 1 where another rule refused it, else 0.</param>
    /// <param name="tokens">What was taken at the beginning.</param>
    /// <param name="used">What it came to; null: not known, and what was taken stands.</param>
    public void Leave(string key, long requests, long tokens, long? used)
    {
        lock (_lock)
        {
            // A key beyond those that have a share, or one whose share was swept, has nothing of its own to correct.
            var share = _shares.GetValueOrDefault(key) ?? new();
            _inFlight--;
            if (share.InFlight > 0) share.InFlight--;
            Take(share, -requests, used is { } count ? count - Math.Min(tokens, rule.TokensPerMinute ?? 0) : 0);
        }
    }

    /// <summary>Whether nothing would be lost if it were made anew.</summary>
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

    /// <returns>How long until there is enough; null: there is.</returns>
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

/// <summary>How a bucket stands for a caller.</summary>
/// <param name="Refused">What there is too little of; null: it was let in.</param>
/// <param name="Wait">How long until asking again makes sense.</param>
internal readonly record struct LimitStanding(LimitKind? Refused, TimeSpan Wait, LimitFigure? Requests, LimitFigure? Tokens);

/// <param name="Reset">How long until the whole limit is there again.</param>
internal readonly record struct LimitFigure(long Limit, long Remaining, TimeSpan Reset);
