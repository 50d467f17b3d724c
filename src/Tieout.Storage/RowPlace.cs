using System.Globalization;

namespace Tieout.Storage;

/// <summary>The place of a row among all rows of its table, in the order of time. Where a page of the newest ends.</summary>
/// <param name="Bucket">The book it lies in; 0 where there is one book.</param>
public readonly record struct RowPlace(long RecordedAtMicros, int Bucket, long Seq)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{RecordedAtMicros}.{Bucket}.{Seq}");

    public static bool TryParse(string text, out RowPlace place)
    {
        place = default;
        if (text.Split('.') is not [var at, var bucket, var seq]) return false;
        if (!long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var micros)
            || !int.TryParse(bucket, NumberStyles.None, CultureInfo.InvariantCulture, out var book)
            || !long.TryParse(seq, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return false;
        place = new(micros, book, number);
        return true;
    }
}
