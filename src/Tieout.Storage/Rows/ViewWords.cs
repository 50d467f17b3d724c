using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;

namespace Tieout.Storage.Rows;

/// <summary>Puts the words of an enum where a view names it: <c>{UsageSource a.source}</c> reads as <c>gateway</c>, <c>allocation</c> and so on, and as NULL
/// for NULL. The words are those of the API, so a value that is added to the enum needs no second place.</summary>
internal static partial class ViewWords
{
    private static readonly Dictionary<string, string> Words = new(StringComparer.Ordinal)
    {
        [nameof(UsageSource)] = Of<UsageSource>(),
        [nameof(UsageBasis)] = Of<UsageBasis>(),
        [nameof(PostingKind)] = Of<PostingKind>(),
    };

    /// <exception cref="KeyNotFoundException">The text names an enum that has no words here.</exception>
    public static string Fill(string sql) =>
        Place().Replace(sql, place => $"CASE {place.Groups[2].Value}{Words[place.Groups[1].Value]} END");

    private static string Of<T>() where T : struct, Enum
    {
        var cases = new StringBuilder();
        foreach (var value in Enum.GetValues<T>())
        {
            var number = Convert.ToInt32(value, CultureInfo.InvariantCulture);
            cases.Append(CultureInfo.InvariantCulture, $" WHEN {number} THEN '{JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString())}'");
        }

        return cases.ToString();
    }

    [GeneratedRegex(@"\{(\w+) ([\w.]+)\}")]
    private static partial Regex Place();
}
