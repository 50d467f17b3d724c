using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Tieout.Console.Frame;

/// <summary>The files that pages ask for, out of the program itself. Their addresses have their hash, so that they are kept for ever.</summary>
internal static class ConsoleAssets
{
    private static readonly FrozenDictionary<string, Asset> All = typeof(ConsoleAssets).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Select(name => Asset.Of(name[Prefix.Length..]))
        .ToFrozenDictionary(asset => asset.Name, StringComparer.Ordinal);

    private const string Prefix = "assets/";

    /// <exception cref="KeyNotFoundException">There is no such file.</exception>
    public static string Address(string name) => $"/assets/{name}?v={All[name].Version}";

    public static async Task AnswerAsync(HttpContext context)
    {
        if (!All.TryGetValue(context.GetRouteValue("name") as string ?? "", out var asset))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        context.Response.ContentType = asset.Type;
        context.Response.ContentLength = asset.Bytes.Length;
        context.Response.Headers[HeaderNames.CacheControl] = "public, max-age=31536000, immutable";
        await context.Response.Body.WriteAsync(asset.Bytes, context.RequestAborted);
    }

    private sealed record Asset(string Name, string Type, byte[] Bytes, string Version)
    {
        public static Asset Of(string name)
        {
            using var stream = typeof(ConsoleAssets).Assembly.GetManifestResourceStream(Prefix + name)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            var type = Path.GetExtension(name) switch
            {
                ".css" => "text/css; charset=utf-8",
                ".js" => "text/javascript; charset=utf-8",
                _ => throw new InvalidOperationException($"The type of {name} is not known."),
            };
            return new(name, type, bytes, Convert.ToHexStringLower(SHA256.HashData(bytes))[..12]);
        }
    }
}
