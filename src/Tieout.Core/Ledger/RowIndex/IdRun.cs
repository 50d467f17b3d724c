namespace Tieout.Core.Ledger.RowIndex;

/// <summary>The entries of a stretch of usage rows, sorted. All runs together have every row once.</summary>
/// <param name="First">The first usage row of the stretch.</param>
/// <param name="Last">The last usage row; names the run.</param>
/// <param name="Entries">One or more.</param>
public readonly record struct IdRun(long First, long Last, long Entries)
{
    /// <summary>Runs of one size are merged when there are so many, and each size is so many times the one below.</summary>
    private const int FanIn = 8;

    /// <summary>Entries of the smallest runs, at most.</summary>
    private const long SmallestEntries = 64;

    /// <summary>A run of so many entries is not merged again: so a run has at most some two million, which a step writes in a second, and a look-up reads one
    /// block for each million entries or so.</summary>
    private const long FinalEntries = SmallestEntries * FanIn * FanIn * FanIn * FanIn;

    /// <summary>How many of the newest runs a new run takes in, so that few are left to look into.</summary>
    /// <remarks>Sizes never grow from an older to a newer run, and fewer than <see cref="FanIn"/> runs have the same size. An entry is written again once for
    /// each size.</remarks>
    /// <param name="runs">From the oldest to the newest.</param>
    /// <param name="entries">Entries of the new run.</param>
    public static int Absorbed(IReadOnlyList<IdRun> runs, long entries)
    {
        for (var taken = 0; ;)
        {
            var size = SizeOf(entries);
            while (taken < runs.Count && SizeOf(runs[^(taken + 1)].Entries) < size) entries += runs[^(++taken)].Entries;
            size = SizeOf(entries);
            var same = 0;
            while (taken + same < runs.Count && SizeOf(runs[^(taken + same + 1)].Entries) == size) same++;
            if (same < FanIn - 1 || entries >= FinalEntries) return taken;
            for (; same > 0; same--) entries += runs[^(++taken)].Entries;
        }
    }

    /// <summary>Merges two sorted lists.</summary>
    /// <param name="merged">As long as both together.</param>
    public static void Merge(ReadOnlySpan<IdEntry> left, ReadOnlySpan<IdEntry> right, Span<IdEntry> merged)
    {
        for (var (i, l, r) = (0, 0, 0); i < merged.Length; i++)
        {
            merged[i] = r == right.Length || (l < left.Length && left[l] < right[r]) ? left[l++] : right[r++];
        }
    }

    private static int SizeOf(long entries)
    {
        var size = 0;
        for (var most = SmallestEntries; entries >= most && most < FinalEntries * FanIn; most *= FanIn) size++;
        return size;
    }
}

/// <summary>A block of a run.</summary>
/// <param name="Run">The last usage row of the run.</param>
public readonly record struct IdRunBlock(long Run, IdBlock Block);
