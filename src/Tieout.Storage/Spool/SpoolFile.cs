using System.Buffers.Binary;
using System.Numerics;
using Microsoft.Win32.SafeHandles;

namespace Tieout.Storage.Spool;

/// <summary>An append-only file of records that must not be lost, with room set aside while the disk still had it.</summary>
/// <remarks>
/// A record is its length (4 bytes, little-endian), a CRC-32C of the rest (4), its number (8) and its payload. Zeros end it.
/// Numbers go up by one and never come again; the head says with which one the file begins, so clearing it is one small write and what lies
/// behind is known to be old.
/// One caller at a time. What a file system that copies on write sets aside, it may yet take back.
/// </remarks>
internal sealed class SpoolFile : IDisposable
{
    public const int PayloadBytesMax = 1024 * 1024;

    internal const int DataStart = 512;
    internal const int RecordHead = 16;

    private const int HeadBytes = 20;

    private readonly SafeFileHandle _file;
    private readonly SpoolLimits _limits;
    private long _end = DataStart;
    private long _next = 1;

    private SpoolFile(string path, SafeFileHandle file, SpoolLimits limits) => (Path, _file, _limits) = (path, file, limits);

    private static ReadOnlySpan<byte> Magic => "TIEOUTS1"u8;

    public string Path { get; }

    /// <summary>Room that is set aside, so that not even a full disk can refuse it.</summary>
    public long FreeBytes => RandomAccess.GetLength(_file) - _end;

    /// <summary>Opens or makes the file and reads what it holds. Bytes that are no records are kept in a file beside it.</summary>
    /// <exception cref="IOException">It cannot be made, read or written, or another process has it.</exception>
    /// <exception cref="StoreCorruptException">It is no spool, or its head is damaged.</exception>
    public static SpoolFile Open(string folder, SpoolLimits limits, out SpoolContent content)
    {
        PrivateFiles.CreateFolder(folder);
        var path = System.IO.Path.Combine(folder, "spool.log");
        PrivateFiles.Touch(path);
#pragma warning disable RS0030 // It opens a file that exists, and makes none.
        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
#pragma warning restore RS0030
        var file = new SpoolFile(path, handle, limits);
        try
        {
            content = file.Begin();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Appends records in this order; they are on disk when it returns.</summary>
    /// <exception cref="IOException">None of them counts; the next append takes their place.</exception>
    public void Append(IReadOnlyList<byte[]> payloads)
    {
        // Zeros behind the last record tell the end from an append that was torn.
        var bytes = new byte[payloads.Sum(payload => RecordHead + payload.Length) + RecordHead];
        var at = 0;
        for (var i = 0; i < payloads.Count; i++)
        {
            Write(bytes.AsSpan(at), payloads[i], _next + i);
            at += RecordHead + payloads[i].Length;
        }

        if (FreeBytes < bytes.Length) Grow(bytes.Length);
        RandomAccess.Write(_file, bytes, _end);
        RandomAccess.FlushToDisk(_file);
        _end += at;
        _next += payloads.Count;
    }

    /// <summary>Sets more room aside before it is needed.</summary>
    /// <returns>Whether what is set aside is enough to let new spend in.</returns>
    public bool EnsureRoom()
    {
        if (FreeBytes >= _limits.ReserveBytes) return true;
        try
        {
            Grow(_limits.ReserveBytes);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Lets go of every record; the room stays.</summary>
    /// <exception cref="IOException">The records may come again at the next start, which their ids allow for.</exception>
    public void Clear()
    {
        WriteHead(_next);
        _end = DataStart;
    }

    public void Dispose() => _file.Dispose();

    internal static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    private static void Write(Span<byte> record, byte[] payload, long number)
    {
        if (payload.Length is 0 or > PayloadBytesMax) throw new ArgumentException($"A record has 1 to {PayloadBytesMax} bytes.", nameof(payload));
        BinaryPrimitives.WriteInt32LittleEndian(record, payload.Length);
        BinaryPrimitives.WriteInt64LittleEndian(record[8..], number);
        payload.CopyTo(record[RecordHead..]);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], Crc(record.Slice(8, 8 + payload.Length)));
    }

    private SpoolContent Begin()
    {
        var length = RandomAccess.GetLength(_file);
        var bytes = new byte[length];
        for (long read = 0; read < length;)
        {
            var got = RandomAccess.Read(_file, bytes.AsSpan((int)read), read);
            if (got == 0) throw new IOException($"{Path} became shorter while it was read.");
            read += got;
        }

        // A crash while the file was made leaves zeros, and nothing was in it yet.
        if (!bytes.AsSpan(0, (int)Math.Min(length, DataStart)).ContainsAnyExcept((byte)0))
        {
            if (length < _limits.FirstBytes) Grow(_limits.FirstBytes - length);
            WriteHead(1);
            return new([], []);
        }

        var content = SpoolReader.Read(bytes, FirstNumber(bytes));
        if (content.Damages.Count > 0)
        {
            PrivateFiles.Write(FormattableString.Invariant($"{Path}.damaged-{content.NextNumber}"), bytes.AsSpan(0, (int)content.ReadTo));
            RandomAccess.Write(_file, new byte[content.ReadTo - content.End], content.End);
        }

        (_end, _next) = (content.End, content.NextNumber);
        return content;
    }

    private long FirstNumber(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < DataStart || !bytes.StartsWith(Magic))
        {
            throw new StoreCorruptException($"{Path} is not a spool of Tieout. Move it away to start without it.");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]) != Crc(bytes[..16]))
        {
            throw new StoreCorruptException($"{Path}: its head (bytes 0 to {HeadBytes - 1}) is damaged. Keep a copy, and restore a backup.");
        }

        return BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
    }

    private void WriteHead(long first)
    {
        Span<byte> head = stackalloc byte[DataStart + RecordHead];
        head.Clear();
        Magic.CopyTo(head);
        BinaryPrimitives.WriteInt64LittleEndian(head[8..], first);
        BinaryPrimitives.WriteUInt32LittleEndian(head[16..], Crc(head[..16]));
        RandomAccess.Write(_file, head, 0);
        RandomAccess.FlushToDisk(_file);
    }

    /// <summary>Writes zeros: to set a length alone would promise room that a full disk has not got.</summary>
    private void Grow(long atLeast)
    {
        var length = RandomAccess.GetLength(_file);
        var wanted = Math.Max(atLeast, _limits.StepBytes);
        if (length + wanted > _limits.MaxBytes) throw new IOException($"{Path} has reached its largest size of {_limits.MaxBytes} bytes.");
        var zeros = new byte[256 * 1024];
        for (long at = 0; at < wanted; at += zeros.Length) RandomAccess.Write(_file, zeros.AsSpan(0, (int)Math.Min(zeros.Length, wanted - at)), length + at);
        RandomAccess.FlushToDisk(_file);
    }
}

/// <summary>How much disk a spool takes.</summary>
/// <param name="FirstBytes">Set aside when it is made: some 10,000 settlements.</param>
/// <param name="StepBytes">By how much it grows.</param>
/// <param name="ReserveBytes">New spend is refused while less than this is set aside for what is under way.</param>
/// <param name="MaxBytes">It never grows beyond.</param>
public sealed record SpoolLimits(
    long FirstBytes = 8 * 1024 * 1024, long StepBytes = 4 * 1024 * 1024, long ReserveBytes = 2 * 1024 * 1024, long MaxBytes = 512 * 1024 * 1024);
