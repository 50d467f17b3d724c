using System.Runtime.InteropServices;
using Tieout.Core.Ledger.Recounts;

namespace Tieout.Core.Ledger.Sketches;

/// <summary>The sketches of some usage rows, each row counted once.</summary>
public sealed class SketchStep
{
    private readonly Dictionary<SketchKey, UsageSketch> _sketches = [];

    public IReadOnlyCollection<UsageSketch> Sketches => _sketches.Values;

    /// <inheritdoc cref="UsageSketch.Count"/>
    /// <param name="org">The org in the labels of the usage.</param>
    public void Add(in CountedUsage usage, ulong? endUser, OrgState org) =>
        At(new(org.FirstAccount, Recount.HourOf(usage.EffectiveAt), usage.Labels)).Count(usage, endUser);

    /// <summary>A sketch as it was stored.</summary>
    /// <returns>Whether rows of this step count there. If none does, the sketch is left out.</returns>
    public bool Merge(UsageSketch stored)
    {
        if (!_sketches.TryGetValue(stored.Key, out var sketch)) return false;
        sketch.Add(stored);
        return true;
    }

    private UsageSketch At(SketchKey key)
    {
        ref var sketch = ref CollectionsMarshal.GetValueRefOrAddDefault(_sketches, key, out _);
        return sketch ??= new(key);
    }
}
