using System.Text.Json;

namespace Tieout.Storage;

/// <summary>Tells damaged rows apart from other failures of a read. Rows that contradict their types or each other fail in the arithmetic, the look-ups and the
/// parsers that read them.</summary>
internal static class UnreadableRows
{
    /// <summary>Whether a read that failed like this has met a damaged row.</summary>
    public static bool Caused(Exception failure) => failure is
        ArithmeticException or InvalidCastException or FormatException or JsonException or KeyNotFoundException or NullReferenceException
            or IndexOutOfRangeException
        or ArgumentNullException or TimeZoneNotFoundException or (InvalidOperationException and not ObjectDisposedException);

    public static StoreCorruptException Report(Exception failure) =>
        new($"A row of the store cannot be read: {failure.Message} Run tieout verify to find the row, then repair it or restore a backup.", failure);
}
