using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Detaching;

/// <summary>A SHA-256 over rows: each value with its length before it, so that no two sets of rows come to the same bytes.</summary>
internal sealed class RowDigest : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _length = new byte[4];

    /// <param name="rows">Read to their end.</param>
    /// <returns>How many there were.</returns>
    public long Add(IRows rows, string table, IReadOnlyList<TableColumn> columns)
    {
        Add(table);
        var count = 0L;
        for (; rows.Step(); count++)
        {
            for (var i = 0; i < columns.Count; i++) Add(rows, i, columns[i]);
        }

        return count;
    }

    /// <summary>In hexadecimal.</summary>
    public string End() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();

    private void Add(IRows rows, int index, TableColumn column)
    {
        if (rows.IsNull(index)) Length(-1);
        else if (column.Type is ColumnType.Text) Add(rows.Text(index));
        else if (column.Type is ColumnType.Id) Add(rows.Guid(index));
        else if (column.Type is ColumnType.Bytes) Add(rows.Bytes(index));
        else Add(rows.Int128(index).ToString(CultureInfo.InvariantCulture));
    }

    private void Add(string text) => Add(Encoding.UTF8.GetBytes(text));

    private void Add(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        Add(bytes);
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        Length(bytes.Length);
        _hash.AppendData(bytes);
    }

    private void Length(int length)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_length, length);
        _hash.AppendData(_length);
    }
}
