using System.Buffers;

namespace Tieout.Server.Gateway;

/// <summary>Finds the objects of a JSON array as it arrives.</summary>
internal static class ArrayElements
{
    /// <param name="start">Where the next object begins.</param>
    /// <param name="end">Just behind it.</param>
    /// <returns>False: it has not arrived as a whole.</returns>
    public static bool TryFind(in ReadOnlySequence<byte> bytes, out int start, out int end)
    {
        (start, end) = (0, 0);
        var reader = new SequenceReader<byte>(bytes);
        if (!reader.TryAdvanceTo((byte)'{', advancePastDelimiter: false)) return false;
        start = (int)reader.Consumed;
        var depth = 0;
        var inText = false;
        while (reader.TryRead(out var next))
        {
            if (inText)
            {
                if (next == (byte)'\\') reader.Advance(Math.Min(1, reader.Remaining));
                else if (next == (byte)'"') inText = false;
            }
            else if (next == (byte)'"')
            {
                inText = true;
            }
            else if (next is (byte)'{' or (byte)'[')
            {
                depth++;
            }
            else if (next is (byte)'}' or (byte)']' && --depth == 0)
            {
                end = (int)reader.Consumed;
                return true;
            }
        }

        return false;
    }
}
