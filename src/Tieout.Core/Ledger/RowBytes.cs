using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Tieout.Core.Ledger.Tables;

namespace Tieout.Core.Ledger;

/// <summary>
/// The hash of a commit: SHA-256 over the hash before it, its number and time, and the canonical bytes of its rows (<see cref="RowBuffer"/>), the same in every
/// store (L8). It finds what no CRC finds, and names the commit.
/// </summary>
public sealed class RowBytes : IDisposable
{
    private const int FlushAtBytes = 64 * 1024;

    private static readonly Func<RowBytes, WriteSet, int>[] Sealers = ChainedTables.Each(new Sealer());

    private readonly RowBuffer _rows = new(FlushAtBytes + 4096);

    /// <summary>Only for a commit of more bytes than the buffer takes: a hash in parts is several times as dear as a hash of one piece.</summary>
    private IncrementalHash? _sha;

    /// <summary>Begins the hash of commit <paramref name="commit"/>.</summary>
    public void Begin(ReadOnlySpan<byte> previousHash, long commit, Instant recordedAt)
    {
        _rows.Clear();
        _rows.Add(previousHash);
        _rows.Long(commit);
        _rows.Long(recordedAt.UnixMicros);
    }

    /// <summary>Adds a row.</summary>
    /// <returns>Its CRC.</returns>
    public uint Add<TTable, TRow>(TRow row)
        where TTable : struct, IChainedTable<TRow>
        where TRow : ChainedRow
    {
        if (_rows.Length >= FlushAtBytes) Flush();
        return _rows.Add<TTable, TRow>(row);
    }

    /// <summary>Adds rows whose canonical bytes are made already.</summary>
    public void Add(ReadOnlySpan<byte> rows)
    {
        if (_rows.Length + rows.Length >= FlushAtBytes) Flush();
        _rows.Add(rows);
    }

    /// <summary>Ends it: the hash of everything since <see cref="Begin"/>.</summary>
    public byte[] End()
    {
        if (_sha is null) return SHA256.HashData(_rows.Written);
        Flush();
        return _sha.GetHashAndReset();
    }

    public void Dispose()
    {
        _sha?.Dispose();
        _rows.Dispose();
    }

    /// <summary>Adds every row of a draft, in the order of the hash, and gives each its CRC.</summary>
    internal void Seal(WriteSet writes)
    {
        for (var table = 0; table < Sealers.Length; table++)
        {
            var rows = Sealers[table](this, writes);
            if (rows == 0) continue;
            writes.Filled = writes.Filled.With(table);
            writes.RowCount += rows;
        }
    }

    private void Flush()
    {
        (_sha ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256)).AppendData(_rows.Written);
        _rows.Clear();
    }

    private sealed class Sealer : IChainedTableVisitor<Func<RowBytes, WriteSet, int>>
    {
        public Func<RowBytes, WriteSet, int> Visit<TTable, TRow>()
            where TTable : struct, IChainedTable<TRow>
            where TRow : ChainedRow => static (bytes, writes) =>
        {
            // A draft gives its own list for every table, and a list is read without a call through an interface for each row.
            var rows = CollectionsMarshal.AsSpan((List<TRow>)TTable.Rows(writes));
            foreach (var row in rows) row.Crc = bytes.Add<TTable, TRow>(row);
            return rows.Length;
        };
    }
}
