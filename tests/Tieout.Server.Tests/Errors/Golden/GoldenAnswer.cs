using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Tieout.Server.Tests.Errors.Golden;

/// <summary>An answer as the files show it: status, headers that clients act on, and the body with one member on a line.</summary>
internal static partial class GoldenAnswer
{
    private static readonly string[] Headers = ["WWW-Authenticate", "Allow", "Retry-After", "x-should-retry", "Tieout-Retry-Refused"];

    private static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task<string> TextAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var lines = new List<string> { $"{(int)response.StatusCode} {response.ReasonPhrase}", $"Content-Type: {response.Content.Headers.ContentType}" };
        foreach (var name in Headers)
        {
            if (response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values))
            {
                lines.Add($"{name}: {string.Join(", ", values)}");
            }
        }

        return $"{string.Join('\n', lines)}\n\n{JsonSerializer.Serialize(JsonElement.Parse(body), Indented)}\n";
    }

    /// <summary>Replaces what differs from run to run.</summary>
    public static string Normalised(string text)
    {
        text = Time().Replace(text, "{time}");
        text = Port().Replace(text, "127.0.0.1:{port}");
        text = Uuid().Replace(text, "{id}");
        text = PrefixedId().Replace(text, "$1{id}");
        text = Posting().Replace(text, "posting {number}");
        return Wait().Replace(text, "$1{seconds}");
    }

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d[\d:.]*(Z|[+-]\d\d:\d\d)")]
    private static partial Regex Time();

    [GeneratedRegex(@"127\.0\.0\.1:\d+")]
    private static partial Regex Port();

    [GeneratedRegex(@"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"\b((?:prop|tok|key|wh|evt|fnd|qrt|req|ek|iss)_)[0-9A-Za-z]{8,}")]
    private static partial Regex PrefixedId();

    /// <summary>Postings are numbered across all samples of a server.</summary>
    [GeneratedRegex(@"posting \d+")]
    private static partial Regex Posting();

    /// <summary>A wait of more than one digit depends on the moment.</summary>
    [GeneratedRegex(@"(Retry-After: |Try again in |retryDelay"": "")\d[\d.]+")]
    private static partial Regex Wait();
}
