using System.Runtime.InteropServices;

namespace Tieout.Analysis.Where;

/// <summary>What the sets of values of one group come to.</summary>
/// <param name="First">A set of the group.</param>
internal record struct GroupSums(double Effect, double Weight, double Expected, int First);

/// <summary>Adds up a field by groups of values. One table serves all combinations of a search.</summary>
internal sealed class GroupTable(EffectField field)
{
    /// <summary>Up to so many possible groups for each set of values, their places are looked up in an array.</summary>
    private const int PlacesForEach = 16;

    private readonly GroupSums[] _groups = new GroupSums[field.Count];
    private readonly long[] _keys = new long[field.Count];
    private readonly int[] _places = new int[PlacesForEach * (field.Count + 1)];

    /// <param name="isOut">Sets that are left out.</param>
    /// <returns>In the order of their first sets. Valid until the next call.</returns>
    public ReadOnlySpan<GroupSums> Sum(int[] dimensions, bool[] isOut)
    {
        var possible = 1L;
        foreach (var dimension in dimensions) possible *= field.Codes.Values(dimension);
        return possible <= _places.Length ? SumByPlace(dimensions, isOut) : SumByKey(dimensions, isOut);
    }

    private ReadOnlySpan<GroupSums> SumByPlace(int[] dimensions, bool[] isOut)
    {
        var count = 0;
        for (var set = 0; set < field.Count; set++)
        {
            if (isOut[set]) continue;
            var key = KeyOf(dimensions, set);
            ref var place = ref _places[key];
            if (place == 0)
            {
                _keys[count] = key;
                place = Begin(set, ref count);
            }

            Add(place - 1, set);
        }

        for (var i = 0; i < count; i++) _places[_keys[i]] = 0;
        return _groups.AsSpan(0, count);
    }

    private ReadOnlySpan<GroupSums> SumByKey(int[] dimensions, bool[] isOut)
    {
        var (places, count) = (new Dictionary<long, int>(), 0);
        for (var set = 0; set < field.Count; set++)
        {
            if (isOut[set]) continue;
            ref var place = ref CollectionsMarshal.GetValueRefOrAddDefault(places, KeyOf(dimensions, set), out _);
            if (place == 0) place = Begin(set, ref count);
            Add(place - 1, set);
        }

        return _groups.AsSpan(0, count);
    }

    private long KeyOf(int[] dimensions, int set)
    {
        var key = 0L;
        foreach (var dimension in dimensions) key = key * field.Codes.Values(dimension) + field.Codes.Codes[dimension][set];
        return key;
    }

    private int Begin(int set, ref int count)
    {
        _groups[count] = new(0, 0, 0, set);
        return ++count;
    }

    private void Add(int group, int set)
    {
        ref var sums = ref _groups[group];
        sums.Effect += field.Effects[set];
        sums.Weight += field.Weights[set];
        sums.Expected += field.Expected[set];
    }
}
