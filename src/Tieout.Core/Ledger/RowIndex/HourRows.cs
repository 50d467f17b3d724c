using System.Buffers.Binary;
using Tieout.Core.Ledger.Recounts;

namespace Tieout.Core.Ledger.RowIndex;

/// <summary>Which list of rows: of usage, or of the postings that correct usage.</summary>
/// <param name="Start">When the hour of UTC begins in which the rows count.</param>
/// <param name="Labels">Number of the labels of the usage rows; below zero: the list is of the postings that correct usage under the labels of the same number
/// without its sign.</param>
/// <param name="Traits">Of the usage rows, or of those that the postings correct.</param>
/// <param name="Part">Number of a row divided by <see cref="HourRows.PartRows"/>, rounded down.</param>
public readonly record struct HourRowsKey(Instant Start, int Labels, UsageTraits Traits, long Part)
{
    public static HourRowsKey Of(in CountedUsage usage) => new(Recount.HourOf(usage.EffectiveAt), usage.Labels, usage.Traits, HourRows.PartOf(usage.Seq));

    /// <returns>Null: the posting corrects no usage.</returns>
    public static HourRowsKey? Of(in CountedPosting posting) => posting.CorrectsUsage
        ? new(Recount.HourOf(posting.EffectiveAt), -posting.Labels, posting.Traits, HourRows.PartOf(posting.Seq)) : null;
}

/// <summary>The numbers of the rows of one hour, one set of labels, the same traits and one part of all numbers, ascending.</summary>
/// <remarks>Stored as two bytes a row: how far the row is into its part. So a write appends to the stored list without reading it, and the stored bytes do not
/// depend on the rows of a step. All lists of a part together have at most 32 KiB, so a step rewrites little, however many labels it meets.</remarks>
public sealed class HourRows(HourRowsKey key)
{
    /// <summary>Row numbers of one part.</summary>
    public const int PartRows = 16_384;

    private const int RowBytes = 2;

    private readonly List<byte> _bytes = [];

    public HourRowsKey Key { get; } = key;

    public byte[] Bytes => [.. _bytes];

    public static long PartOf(long seq) => seq / PartRows;

    /// <param name="seq">Above all that were added.</param>
    public void Add(long seq)
    {
        Span<byte> bytes = stackalloc byte[RowBytes];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)(seq % PartRows));
        _bytes.AddRange(bytes);
    }

    /// <summary>The numbers in stored bytes, ascending.</summary>
    /// <returns>Null: no such bytes are ever written.</returns>
    public static long[]? Numbers(long part, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % RowBytes != 0) return null;
        var (numbers, last) = (new long[bytes.Length / RowBytes], -1);
        for (var i = 0; i < numbers.Length; i++)
        {
            var into = BinaryPrimitives.ReadUInt16BigEndian(bytes[(i * RowBytes)..]);
            if (into <= last || into >= PartRows) return null;
            (last, numbers[i]) = (into, part * PartRows + into);
        }

        return numbers;
    }
}
