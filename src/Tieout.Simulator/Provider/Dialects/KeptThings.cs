using System.Diagnostics.CodeAnalysis;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>What may be asked for again by its id: so many, then the oldest are forgotten.</summary>
internal sealed class KeptThings<T>(int keptMax)
    where T : class
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, T> _things = [];
    private readonly Queue<string> _ids = new();

    public void Add(string id, T thing)
    {
        lock (_lock)
        {
            if (_things.TryAdd(id, thing)) _ids.Enqueue(id);
            if (_ids.Count > keptMax) _things.Remove(_ids.Dequeue());
        }
    }

    public bool TryGet(string id, [MaybeNullWhen(false)] out T thing)
    {
        lock (_lock) return _things.TryGetValue(id, out thing);
    }

    public IReadOnlyList<T> NewestFirst()
    {
        lock (_lock) return [.. _ids.Reverse().Where(_things.ContainsKey).Select(id => _things[id])];
    }

    public bool Remove(string id)
    {
        lock (_lock) return _things.Remove(id);
    }
}
