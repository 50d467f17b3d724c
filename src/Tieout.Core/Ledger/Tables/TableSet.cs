using System.Numerics;

namespace Tieout.Core.Ledger.Tables;

/// <summary>Some of the <see cref="ChainedTables"/>, by their places in that list: what a commit has no rows of costs it nothing.</summary>
public readonly struct TableSet
{
    private readonly uint _places;

    private TableSet(uint places) => _places = places;

    /// <param name="place">From 0 to 31.</param>
    internal TableSet With(int place) => new(_places | 1u << place);

    public Enumerator GetEnumerator() => new(_places);

    /// <summary>The places, in their order.</summary>
    public struct Enumerator
    {
        private uint _left;

        internal Enumerator(uint places)
        {
            _left = places;
            Current = -1;
        }

        public int Current { get; private set; }

        public bool MoveNext()
        {
            if (_left == 0) return false;
            Current = BitOperations.TrailingZeroCount(_left);
            _left &= _left - 1;
            return true;
        }
    }
}
