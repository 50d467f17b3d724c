using System.Text;

namespace Tieout.Server.Tests.BadInput;

/// <summary>Something valid, spoilt in a few places: that gets further than noise does.</summary>
internal static class Mutation
{
    private static readonly string[] Values =
    [
        "-1", "0", "1e999", "-1e999", "1E400", "NaN", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "99999999999999999999999", "0.5",
        "2147483648",
        "null", "true", "\"\"", "\"x\"", "\"\\ud800\"", "\"\\u0000\"", "\"\\r\\nX-Evil: 1\"", "[]", "{}", "[[]]", "{\"a\":{}}", "\"12\"",
    ];

    private static readonly byte[][] Scraps =
    [
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0], "\r"u8.ToArray(), "\n"u8.ToArray(), "\n\n"u8.ToArray(), "\""u8.ToArray(), "\\"u8.ToArray(),
        "{"u8.ToArray(), "}"u8.ToArray(), "["u8.ToArray(), "]"u8.ToArray(),
        ","u8.ToArray(), "data:"u8.ToArray(), "data: [DONE]\n\n"u8.ToArray(), "event: error\n"u8.ToArray(), "\uFEFF"u8.ToArray(),
        Encoding.UTF8.GetBytes(new string('[', 300)), Encoding.UTF8.GetBytes(new string('x', 5000)),
    ];

    /// <summary>With up to <paramref name="changesMax"/> changes, sometimes none.</summary>
    public static byte[] Of(byte[] sample, Random random, int changesMax = 3)
    {
        var bytes = new List<byte>(sample);
        for (var changes = random.Next(changesMax + 1); changes > 0 && bytes.Count > 0; changes--) Change(bytes, random);
        return [.. bytes];
    }

    /// <summary>The same bytes in up to five pieces, cut anywhere.</summary>
    public static IReadOnlyList<byte[]> Pieces(byte[] bytes, Random random)
    {
        var cuts = Enumerable.Range(0, random.Next(5)).Select(_ => random.Next(bytes.Length + 1)).Append(0).Append(bytes.Length).Order().ToList();
        return [.. cuts.Zip(cuts.Skip(1), (start, end) => bytes[start..end]).Where(piece => piece.Length > 0)];
    }

    private static void Change(List<byte> bytes, Random random)
    {
        var at = random.Next(bytes.Count);
        switch (random.Next(9))
        {
            case 0: bytes[at] = (byte)random.Next(256); break;
            case 1: bytes.RemoveRange(at, Math.Min(random.Next(1, 20), bytes.Count - at)); break;
            case 2: bytes.RemoveRange(at, bytes.Count - at); break;
            case 3: bytes.InsertRange(at, Scraps[random.Next(Scraps.Length)]); break;
            case 4: Line(bytes, at, remove: true); break;
            case 5: Line(bytes, at, remove: false); break;
            default: Value(bytes, at, Encoding.UTF8.GetBytes(Values[random.Next(Values.Length)])); break;
        }
    }

    /// <summary>Removes a line, or has it twice.</summary>
    private static void Line(List<byte> bytes, int at, bool remove)
    {
        var start = bytes.LastIndexOf((byte)'\n', at) + 1;
        var end = bytes.IndexOf((byte)'\n', at);
        var length = (end < 0 ? bytes.Count : end + 1) - start;
        if (length <= 0) return;
        if (remove) bytes.RemoveRange(start, length);
        else bytes.InsertRange(start, bytes.GetRange(start, length));
    }

    /// <summary>Puts another value behind a colon: what was JSON stays JSON.</summary>
    private static void Value(List<byte> bytes, int from, byte[] value)
    {
        var colon = bytes.FindIndex(from, one => one == (byte)':');
        if (colon < 0) colon = bytes.FindIndex(one => one == (byte)':');
        if (colon < 0) return;
        var end = bytes.FindIndex(colon, one => one is (byte)',' or (byte)'}' or (byte)'\n');
        if (end < 0) return;
        bytes.RemoveRange(colon + 1, end - colon - 1);
        bytes.InsertRange(colon + 1, value);
    }
}
