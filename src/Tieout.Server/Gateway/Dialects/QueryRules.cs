using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>The query parameters of one address that are forwarded to the provider. Any other could hide usage (<c>fields</c>, <c>alt=proto</c>), so it is
/// refused.</summary>
/// <param name="passed">Names with the only value allowed; empty: any value.</param>
/// <param name="dropped">Names that are harmless and of no use to the provider.</param>
internal sealed class QueryRules(ImmutableArray<(string Name, string Value)> passed, ImmutableArray<string> dropped)
{
    private const int ValueLengthMax = 512;

    /// <summary>Azure's clients name a version. The configured one is used instead.</summary>
    private const string ApiVersion = "api-version";

    public static readonly QueryRules OpenAi = new([], [ApiVersion]);

    /// <summary>The SDK marks beta features.</summary>
    public static readonly QueryRules Anthropic = new([("beta", "true")], []);

    public static readonly QueryRules Gemini = new([("alt", "json")], ["prettyPrint", "$prettyPrint"]);

    /// <summary>Server-sent events, else one array.</summary>
    public static readonly QueryRules GeminiStream = new([("alt", "sse"), ("alt", "json")], ["prettyPrint", "$prettyPrint"]);

    public static readonly QueryRules StoredResponse = new([("include", ""), ("include[]", ""), ("stream", "false")], [ApiVersion]);

    public static readonly QueryRules StoredResponseItems = new(
        [("include", ""), ("include[]", ""), ("after", ""), ("limit", ""), ("order", "")], [ApiVersion]);

    public static QueryRules Of(Dialect dialect) => dialect switch
    {
        AnthropicDialect => Anthropic,
        GeminiDialect => Gemini,
        _ => OpenAi,
    };

    /// <param name="passedOn">The query for the provider, with its question mark; empty: none.</param>
    /// <returns>Null: the query is valid.</returns>
    public GatewayRefusal? Read(QueryString query, out string passedOn)
    {
        passedOn = "";
        if (!query.HasValue) return null;
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var parameter in new QueryStringEnumerable(query.Value))
        {
            var (name, value) = (parameter.DecodeName().ToString(), parameter.DecodeValue().ToString());
            if (IsCredential(name) || dropped.Contains(name)) continue;
            if (!passed.Any(one => one.Name == name))
            {
                return new(ApiError.ParameterInvalid, $"The query parameter '{Shown(name)}' is not accepted here. Leave it out.", Shown(name));
            }

            if (!passed.Any(one => one.Name == name && (one.Value.Length == 0 || one.Value == value)) || value.Length > ValueLengthMax)
            {
                return new(ApiError.ParameterInvalid, $"The query parameter '{name}' cannot be '{Shown(value)}' here. {Expected(name)}", name);
            }

            var isList = name.StartsWith("include", StringComparison.Ordinal);
            if (!isList && !seen.Add(name)) return new(ApiError.ParameterInvalid, $"The query parameter '{name}' is given twice.", name);
            passedOn += $"{(passedOn.Length == 0 ? '?' : '&')}{Uri.EscapeDataString(name)}={Uri.EscapeDataString(value)}";
        }

        return null;
    }

    /// <summary>The client's key for the gateway must not reach a provider.</summary>
    private static bool IsCredential(string parameter) =>
        parameter.Equals("key", StringComparison.OrdinalIgnoreCase) || parameter.Contains("token", StringComparison.OrdinalIgnoreCase)
        || parameter.Contains("api", StringComparison.OrdinalIgnoreCase) && parameter.Contains("key", StringComparison.OrdinalIgnoreCase);

    private string Expected(string name) =>
        passed.Where(one => one.Name == name && one.Value.Length > 0).Select(one => one.Value).ToList() is { Count: > 0 } values
            ? $"Use {string.Join(" or ", values)}." : $"Use at most {ValueLengthMax} characters.";

    private static string Shown(string text) => text.Length <= 64 ? text : text[..64] + "...";
}
