using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>Numbers of the usage rows that may have an id, up to the follower's position. Nearly all of them have the id, and none with the id is
/// missing.</summary>
/// <remarks>In each run the entries of an id end one block and fill those after it. One statement reads the blocks that they may begin in, of all runs; the
/// others are read as far as they are asked for.</remarks>
internal sealed class IdReading(ILedgerTables derived, long key)
{
    /// <summary>The last block of each run that begins before the id. CROSS: SQLite then looks into each run, and does not go through all blocks.</summary>
    private const string Beginnings = """
        FROM usage_id_runs r CROSS JOIN usage_id_blocks b WHERE b.run = r.last_usage
          AND b.id_key = (SELECT x.id_key FROM usage_id_blocks x WHERE x.run = r.last_usage AND x.id_key < ? ORDER BY x.id_key DESC LIMIT 1)
          AND b.seq = (SELECT y.seq FROM usage_id_blocks y WHERE y.run = r.last_usage AND y.id_key < ? ORDER BY y.id_key DESC, y.seq DESC LIMIT 1)
        """;

    /// <summary>Oldest first, each above <paramref name="after"/>.</summary>
    public List<long> After(long after, int limit)
    {
        var (pieces, found) = (Pieces(), new List<long>());
        for (var i = 0; i < pieces.Count && found.Count < limit; i++)
        {
            if (i + 1 < pieces.Count && pieces[i + 1].First <= after + 1) continue;
            found.AddRange(Rows(pieces[i]).Where(seq => seq > after));
        }

        return [.. found.Take(limit)];
    }

    /// <summary>Newest first, each below <paramref name="before"/>.</summary>
    public List<long> Before(long before, int limit)
    {
        var (pieces, found) = (Pieces(), new List<long>());
        for (var i = pieces.Count - 1; i >= 0 && found.Count < limit; i--)
        {
            if (pieces[i].First < before) found.AddRange(Rows(pieces[i]).Where(seq => seq < before).Reverse());
        }

        return [.. found.Take(limit)];
    }

    /// <summary>Some rows that have the id one after another.</summary>
    /// <param name="First">The first of the rows.</param>
    /// <param name="Rows">Null: they are in the run's block that begins with the first row.</param>
    private readonly record struct Piece(long Run, long First, List<long>? Rows);

    /// <summary>From the oldest row to the newest.</summary>
    private List<Piece> Pieces()
    {
        var pieces = new List<Piece>();
        using (var beginnings = derived.Select($"SELECT {IndexReads.BlockColumns} {Beginnings}", key, key))
        {
            while (beginnings.Step())
            {
                var (run, rows) = RowsOf(beginnings);
                if (rows.Count > 0) pieces.Add(new(run, rows[0], rows));
            }
        }

        using var blocks = derived.Select(
            "SELECT b.run, b.seq FROM usage_id_runs r CROSS JOIN usage_id_blocks b WHERE b.run = r.last_usage AND b.id_key = ?", key);
        while (blocks.Step()) pieces.Add(new(blocks.Int64(0), blocks.Int64(1), Rows: null));
        pieces.Sort((left, right) => left.First.CompareTo(right.First));
        return pieces;
    }

    private List<long> Rows(Piece piece)
    {
        if (piece.Rows is not null) return piece.Rows;
        using var block = derived.Select(
            $"SELECT {IndexReads.BlockColumns} FROM usage_id_blocks b WHERE b.run = ? AND b.id_key = ? AND b.seq = ?", piece.Run, key, piece.First);
        return block.Step() ? RowsOf(block).Rows : [];
    }

    private (long Run, List<long> Rows) RowsOf(Storage.Rows.IRow row)
    {
        var (run, entries) = IndexReads.Block(row);
        return (run, [.. entries.Where(entry => entry.Key == key).Select(entry => entry.Seq)]);
    }
}
