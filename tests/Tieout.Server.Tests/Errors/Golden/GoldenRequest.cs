using System.Text;

namespace Tieout.Server.Tests.Errors.Golden;

/// <summary>The request of a sample: as the file shows it, and as the server receives it.</summary>
internal sealed record GoldenRequest(string Method, string Path, IReadOnlyList<(string Name, string Value)> Headers, string? Body)
{
    private static readonly string[] CredentialHeaders = ["Authorization", "x-api-key", "x-goog-api-key"];

    public static GoldenRequest Of(GoldenSample sample)
    {
        var (head, body) = sample.Request.Split("\n\n", 2) is [var before, var after] ? (before, after) : (sample.Request, null);
        var lines = head.Split('\n');
        var (method, path) = lines[0].Split(' ', 2) is [var verb, var address] ? (verb, address) : throw new FormatException(sample.Request);
        List<(string Name, string Value)> headers = [.. lines[1..].Select(line => line.Split(": ", 2)).Select(parts => (parts[0], parts[1]))];
        var isIdentified = sample.Anonymous || headers.Exists(header => CredentialHeaders.Contains(header.Name));
        if (!isIdentified) headers.Insert(0, ("Authorization", path.StartsWith("/api/", StringComparison.Ordinal) ? "Bearer {admin}" : "Bearer {key}"));
        return new(method, path, headers, body);
    }

    /// <summary>As the file shows it: with the names of the world's values.</summary>
    public string Shown =>
        $"{Method} {Path}\n{string.Concat(Headers.Select(header => $"{header.Name}: {header.Value}\n"))}{(Body is null ? "" : $"\n{Body}\n")}";

    /// <param name="fill">Replaces the names by the world's values.</param>
    public HttpRequestMessage Message(Func<string, string> fill)
    {
        var request = new HttpRequestMessage(new(Method), fill(Path));
        if (Body is not null)
        {
            var type = Headers.FirstOrDefault(header => header.Name == "Content-Type").Value ?? "application/json";
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(fill(Body)));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        foreach (var (name, value) in Headers.Where(header => header.Name != "Content-Type"))
        {
            if (!request.Headers.TryAddWithoutValidation(name, fill(value))) request.Content!.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }
}
