using Tieout.Core.Tenancy;

namespace Tieout.Core.Attribution.Audit;

/// <summary>Every version of every key, so that a step is judged by what its key might do at that time.</summary>
public sealed class Executors
{
    /// <summary>A key is read when a request begins, and the step is made somewhat later.</summary>
    private static readonly TimeSpan Before = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, List<(Instant From, ApiKey Key)>> _versions = new(StringComparer.Ordinal);

    /// <summary>Versions of one key come in the order in which they were set.</summary>
    public void Add(Instant from, ApiKey key)
    {
        if (!_versions.TryGetValue(key.Id, out var versions)) _versions[key.Id] = versions = [];
        versions.Add((from, key));
    }

    /// <summary>Each key as it was set last.</summary>
    public IEnumerable<ApiKey> Keys => _versions.Values.Select(versions => versions[^1].Key);

    /// <summary>The key as it was set last; null: there is none of this id, so the platform's own people acted.</summary>
    public ApiKey? Find(string id) => _versions.TryGetValue(id, out var versions) ? versions[^1].Key : null;

    /// <summary>Whether the key might act for the org when the step was made. True for whoever has no key: those are the platform's own people.</summary>
    public bool MightActFor(string id, string org, Instant at)
    {
        if (!_versions.TryGetValue(id, out var versions)) return true;
        for (var i = 0; i < versions.Count; i++)
        {
            // In force until the next version was set. The first one counts from the beginning: clocks of nodes differ.
            var isInForce = (i == 0 || versions[i].From <= at) && (i == versions.Count - 1 || versions[i + 1].From > at - Before);
            if (isInForce && versions[i].Key.MayActFor(org)) return true;
        }

        return false;
    }
}
