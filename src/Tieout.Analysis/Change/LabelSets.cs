using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Tieout.Analysis.Change;

/// <summary>Numbers for sets of values, from 0 on: equal sets have one number. A source that hands the same array for the same labels pays for no comparison of
/// texts.</summary>
internal sealed class LabelSets
{
    /// <summary>Arrays that are remembered for each set: a source that makes a new one for each line must not fill the memory.</summary>
    private const int ArraysForEach = 4;

    private readonly Dictionary<string?[], int> _byArray = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string?[], int> _byValues = new(new SameValues());
    private readonly List<ImmutableArray<string?>> _sets = [];
    private string?[]? _last;
    private int _lastNo;

    public int Count => _sets.Count;

    /// <summary>The first array of a set.</summary>
    public ImmutableArray<string?> this[int no] => _sets[no];

    /// <returns>A number that is the count before the call, where the set is new.</returns>
    public int Of(ImmutableArray<string?> values)
    {
        var array = ImmutableCollectionsMarshal.AsArray(values)!;
        if (ReferenceEquals(array, _last)) return _lastNo;
        if (!_byArray.TryGetValue(array, out var no))
        {
            ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_byValues, array, out var isKnown);
            if (!isKnown)
            {
                known = _sets.Count;
                _sets.Add(values);
            }

            no = known;
            if (_byArray.Count < ArraysForEach * _sets.Count) _byArray.Add(array, no);
        }

        (_last, _lastNo) = (array, no);
        return no;
    }

    private sealed class SameValues : IEqualityComparer<string?[]>
    {
        public bool Equals(string?[]? one, string?[]? other) => one.AsSpan().SequenceEqual(other.AsSpan());

        public int GetHashCode([DisallowNull] string?[] values)
        {
            var hash = default(HashCode);
            foreach (var value in values) hash.Add(value, StringComparer.Ordinal);
            return hash.ToHashCode();
        }
    }
}
