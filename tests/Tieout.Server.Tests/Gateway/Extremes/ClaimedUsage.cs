using System.Text.RegularExpressions;

namespace Tieout.Server.Tests.Gateway.Extremes;

/// <summary>Usage blocks of one API with one count that cannot be, at each place in turn.</summary>
internal static partial class ClaimedUsage
{
    public const string Chat =
        """{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":1}}""";
    public const string Responses =
        """{"input_tokens":10,"output_tokens":5,"total_tokens":15,"input_tokens_details":{"cached_tokens":2},"output_tokens_details":{"reasoning_tokens":1}}""";
    public const string Messages = """{"input_tokens":10,"output_tokens":5,"cache_read_input_tokens":2,"cache_creation_input_tokens":3}""";
    public const string Gemini = """{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":1,"cachedContentTokenCount":2,"totalTokenCount":16}""";
    public const string Embeddings = """{"prompt_tokens":10,"total_tokens":10}""";
    public const string Images = """{"input_tokens":10,"output_tokens":5,"total_tokens":15,"input_tokens_details":{"text_tokens":6,"image_tokens":4}}""";
    public const string Audio = """{"input_tokens":10,"output_tokens":5,"total_tokens":15,"input_token_details":{"audio_tokens":2}}""";
    public const string Seconds = """{"type":"duration","seconds":30}""";

    /// <summary>Too large for the model, for a sum, for 64 bits, for a decimal and for a double; below zero; no whole number; no number at all.</summary>
    public static readonly string[] Numbers =
    [
        "160000001", "1000000000000", "9223372036854775807", "9223372036854775808", "79228162514264337593543950335", "1e999", "-1", "-9223372036854775808",
        "1.5", "NaN", "\"NaN\"", "[]",
    ];

    public static IEnumerable<string> Of(string block) =>
        from place in Count().Matches(block) from number in Numbers select $"{block[..place.Index]}{number}{block[(place.Index + place.Length)..]}";

    [GeneratedRegex(@"(?<=:)\d+")]
    private static partial Regex Count();
}
