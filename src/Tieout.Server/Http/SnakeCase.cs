using System.Collections.Concurrent;
using System.Text.Json;

namespace Tieout.Server.Http;

/// <summary>How the API writes the values of enumerations, for example <c>signature_wrong</c>.</summary>
internal static class SnakeCase
{
    public static string Of<T>(T value)
        where T : struct, Enum => Names<T>.Known.GetOrAdd(value, static value => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()));

    private static class Names<T>
        where T : struct, Enum
    {
        public static readonly ConcurrentDictionary<T, string> Known = new();
    }
}
