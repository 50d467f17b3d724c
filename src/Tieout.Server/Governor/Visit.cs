namespace Tieout.Server.Governor;

/// <summary>What one request occupies, from its head to the end of its answer. Everything is given back when it is disposed of.</summary>
internal sealed class Visit(Occupancy occupancy, Occupant caller, Occupant? org) : IDisposable
{
    private readonly long[] _taken = new long[Occupancy.Resources];

    /// <returns>Null: it is taken.</returns>
    public Shortage? TryTake(Resource resource, long amount)
    {
        if (amount == 0) return null;
        if (occupancy.TryTake(resource, caller, org, amount) is { } shortage) return shortage;
        Interlocked.Add(ref _taken[(int)resource], amount);
        return null;
    }

    public void Return(Resource resource)
    {
        if (Interlocked.Exchange(ref _taken[(int)resource], 0) is var taken and > 0) occupancy.Return(resource, caller, org, taken);
    }

    public void Dispose()
    {
        for (var resource = 0; resource < _taken.Length; resource++) Return((Resource)resource);
    }
}
