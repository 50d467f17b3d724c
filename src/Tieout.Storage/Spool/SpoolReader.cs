using System.Buffers.Binary;
using System.Globalization;

namespace Tieout.Storage.Spool;

/// <summary>What a spool held when it was opened.</summary>
/// <param name="Records">Every record that is whole, in the order of their numbers.</param>
/// <param name="Damages">Each place that is neither a record nor never written, in one sentence.</param>
internal sealed record SpoolContent(IReadOnlyList<SpoolRecord> Records, IReadOnlyList<string> Damages)
{
    /// <summary>Where the next record goes.</summary>
    public long End { get; init; } = SpoolFile.DataStart;

    public long NextNumber { get; init; } = 1;

    /// <summary>How far there was something to look at.</summary>
    public long ReadTo { get; init; }
}

/// <param name="Number">Its place among all records that were ever in the spool.</param>
internal sealed record SpoolRecord(long Number, ReadOnlyMemory<byte> Payload);

/// <summary>Tells records from what a crash or a broken disk left between and behind them.</summary>
internal static class SpoolReader
{
    public static SpoolContent Read(ReadOnlyMemory<byte> bytes, long first)
    {
        var records = new List<SpoolRecord>();
        var damages = new List<string>();
        var (at, next) = (SpoolFile.DataStart, first);
        while (true)
        {
            if (TryRead(bytes, at, out var record) && record.Number == next)
            {
                records.Add(record);
                at += SpoolFile.RecordHead + record.Payload.Length;
                next++;
                continue;
            }

            // Not the next record: the end, a torn last one, or a damaged one with whole ones behind it.
            var resumed = Resume(bytes, at, next);
            if (resumed < 0) return End(bytes, at, next, records, damages);
            TryRead(bytes, resumed, out var behind);
            damages.Add(Text($"record {next} at byte {at} is damaged; {behind.Number - next} record(s) up to byte {resumed} cannot be read"));
            (at, next) = (resumed, behind.Number);
        }
    }

    private static SpoolContent End(ReadOnlyMemory<byte> bytes, int at, long next, List<SpoolRecord> records, List<string> damages)
    {
        var readTo = Math.Min(bytes.Length, at + SpoolFile.RecordHead);
        if (IsTorn(bytes, at, next))
        {
            readTo = Math.Min(bytes.Length, at + SpoolFile.RecordHead + SpoolFile.PayloadBytesMax);
            damages.Add(Text($"record {next} at byte {at}, the last, is torn and was cut off: it was not whole when the process or the machine stopped"));
        }

        return new(records, damages) { End = at, NextNumber = next, ReadTo = readTo };
    }

    /// <summary>Whether something was begun here: neither the zeros of the end, nor a whole record from before the last clearing.</summary>
    private static bool IsTorn(ReadOnlyMemory<byte> bytes, int at, long next) =>
        bytes.Span[at..Math.Min(bytes.Length, at + SpoolFile.RecordHead)].ContainsAnyExcept((byte)0)
        && !(TryRead(bytes, at, out var old) && old.Number < next);

    /// <summary>The first whole record behind <paramref name="at"/> that is newer than what is missing; −1: none.</summary>
    private static int Resume(ReadOnlyMemory<byte> bytes, int at, long next)
    {
        var span = bytes.Span;
        for (var candidate = at + 1; candidate <= span.Length - SpoolFile.RecordHead; candidate++)
        {
            var zeros = span[candidate..].IndexOfAnyExcept((byte)0);
            if (zeros < 0) return -1;
            if (zeros >= sizeof(int)) candidate += zeros - sizeof(int) + 1;
            if (candidate > span.Length - SpoolFile.RecordHead) return -1;

            // A number is never far ahead, so almost every place is ruled out without a CRC.
            var number = BinaryPrimitives.ReadInt64LittleEndian(span[(candidate + 8)..]);
            if (number > next && number - next < span.Length && TryRead(bytes, candidate, out _)) return candidate;
        }

        return -1;
    }

    private static bool TryRead(ReadOnlyMemory<byte> bytes, int at, out SpoolRecord record)
    {
        record = new(0, default);
        if (at > bytes.Length - SpoolFile.RecordHead) return false;
        var span = bytes.Span[at..];
        var length = BinaryPrimitives.ReadInt32LittleEndian(span);
        if (length is <= 0 or > SpoolFile.PayloadBytesMax || length > span.Length - SpoolFile.RecordHead) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(span[4..]) != SpoolFile.Crc(span.Slice(8, 8 + length))) return false;
        record = new(BinaryPrimitives.ReadInt64LittleEndian(span[8..]), bytes.Slice(at + SpoolFile.RecordHead, length));
        return true;
    }

    private static string Text(FormattableString sentence) => sentence.ToString(CultureInfo.InvariantCulture);
}
