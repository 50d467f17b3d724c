using System.Collections.Concurrent;
using System.Collections.Immutable;
using Tieout.Server.Configuration;

namespace Tieout.Server.Governor;

/// <summary>How much each caller, each org and all of them occupy now. Of this process alone.</summary>
/// <remarks>Only callers that are identified get an entry, so there are at most as many entries as there are keys, tokens and orgs.</remarks>
internal sealed class Occupancy(GovernorOptions options)
{
    public static readonly int Resources = Enum.GetValues<Resource>().Length;
    public static readonly int Holders = Enum.GetValues<ShareHolder>().Length;

    private readonly ImmutableArray<Shares> _shares = [options.Requests, options.BodyBytes, options.UploadBytes];
    private readonly ConcurrentDictionary<string, Occupant> _orgs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Org, string Caller), Occupant> _callers = new();
    private readonly Occupant _all = new();
    private readonly long[] _refused = new long[Resources * Holders];

    /// <summary>Begins a visit that occupies nothing yet.</summary>
    /// <param name="org">Null: the platform's own.</param>
    /// <param name="caller">The id of a key or token.</param>
    public Visit Begin(string? org, string caller) =>
        new(this, _callers.GetOrAdd((org ?? "", caller), static _ => new()), org is null ? null : _orgs.GetOrAdd(org, static _ => new()));

    public Shares SharesOf(Resource resource) => _shares[(int)resource];

    /// <summary>What all callers occupy.</summary>
    public long Taken(Resource resource) => _all.Taken(resource);

    public long Refused(Resource resource, ShareHolder holder) => Volatile.Read(ref _refused[((int)resource * Holders) + (int)holder]);

    /// <summary>Takes from all three shares, or from none.</summary>
    public Shortage? TryTake(Resource resource, Occupant caller, Occupant? org, long amount)
    {
        var shares = _shares[(int)resource];
        if (!caller.TryTake(resource, amount, shares.Caller)) return Short(resource, ShareHolder.Caller, shares.Caller);
        if (org is not null && !org.TryTake(resource, amount, shares.Org))
        {
            caller.Return(resource, amount);
            return Short(resource, ShareHolder.Org, shares.Org);
        }

        if (_all.TryTake(resource, amount, shares.All)) return null;
        caller.Return(resource, amount);
        org?.Return(resource, amount);
        return Short(resource, ShareHolder.All, shares.All);
    }

    public void Return(Resource resource, Occupant caller, Occupant? org, long amount)
    {
        caller.Return(resource, amount);
        org?.Return(resource, amount);
        _all.Return(resource, amount);
    }

    private Shortage Short(Resource resource, ShareHolder holder, long limit)
    {
        Interlocked.Increment(ref _refused[((int)resource * Holders) + (int)holder]);
        return new(resource, holder, limit);
    }
}

/// <summary>What one holder of shares occupies.</summary>
internal sealed class Occupant
{
    private readonly long[] _taken = new long[Occupancy.Resources];

    public long Taken(Resource resource) => Volatile.Read(ref _taken[(int)resource]);

    /// <summary>An amount above the whole limit is never taken.</summary>
    public bool TryTake(Resource resource, long amount, long limit)
    {
        if (Interlocked.Add(ref _taken[(int)resource], amount) <= limit) return true;
        Return(resource, amount);
        return false;
    }

    public void Return(Resource resource, long amount) => Interlocked.Add(ref _taken[(int)resource], -amount);
}
