using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Tieout.Core.Attribution;

/// <summary>The fields of a lineage's link, one after another: numbers as 8 bytes little-endian, texts and bytes behind their length.</summary>
/// <remarks>Put together and authenticated in one go: a link is made for every attempt. <see cref="Authenticate"/> must be called, once.</remarks>
internal ref struct LineageFields
{
    private const int NumbersAndHashesBytesMax = 256;

    private readonly byte[] _bytes;
    private int _length;

    /// <param name="textLengths">In characters, of every text that will be added.</param>
    public LineageFields(params ReadOnlySpan<int> textLengths)
    {
        var characters = 0;
        foreach (var length in textLengths) characters += length;
        _bytes = ArrayPool<byte>.Shared.Rent(NumbersAndHashesBytesMax + Encoding.UTF8.GetMaxByteCount(characters));
    }

    public void Add(long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_bytes.AsSpan(_length), number);
        _length += sizeof(long);
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        Add(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    public void Add(string text)
    {
        var written = Encoding.UTF8.GetBytes(text, _bytes.AsSpan(_length + sizeof(long)));
        Add(written);
        _length += written;
    }

    /// <summary>HMAC-SHA256 of the fields; lets go of the buffer.</summary>
    public readonly byte[] Authenticate(ReadOnlySpan<byte> key)
    {
        var link = HMACSHA256.HashData(key, _bytes.AsSpan(0, _length));
        ArrayPool<byte>.Shared.Return(_bytes);
        return link;
    }
}
