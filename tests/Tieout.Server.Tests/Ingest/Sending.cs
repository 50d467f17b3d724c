using System.IO.Compression;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Ingest;

/// <summary>Hands usage in, over HTTP.</summary>
internal static class Sending
{
    public const string At = "2026-11-20T08:00:00Z";

    /// <summary>A record that is fine; gpt-4o: 2.50 and 10.00 per million, so it costs 0.00045.</summary>
    public static string Record(string id, string more = "", string org = "acme", string model = "gpt-4o", int input = 100) =>
        $$"""{"id":"{{id}}","occurred_at":"{{At}}","org":"{{org}}","provider":"openai","model":"{{model}}","input_tokens":{{input}},"output_tokens":20{{more}}}""";

    public static Task<HttpResponseMessage> SendAsync(
        this ApiWorld world, string address, byte[] body, string? token = null, string type = "application/json", string? encoding = null,
        params string[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (encoding is not null) request.Content.Headers.ContentEncoding.Add(encoding);
        if (token != "") request.Headers.Authorization = new("Bearer", token ?? ApiWorld.Admin);
        foreach (var header in headers)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            request.Headers.TryAddWithoutValidation(header[..colon], header[(colon + 1)..]);
        }

        return world.Http.SendAsync(request);
    }

    public static Task<HttpResponseMessage> SendAsync(
        this ApiWorld world, string address, string body, string? token = null, string type = "application/json") =>
        world.SendAsync(address, Encoding.UTF8.GetBytes(body), token, type);

    public static async Task<Taken> TakeAsync(this ApiWorld world, string address, string body, string? token = null, string type = "application/json")
    {
        using var response = await world.SendAsync(address, body, token, type);
        return await Taken.ReadAsync(response);
    }

    public static Task<Taken> UsageAsync(this ApiWorld world, string body, string? token = null) => world.TakeAsync("/api/v1/usage", body, token);

    public static Task<Taken> EventsAsync(this ApiWorld world, string body, string? token = null) =>
        world.TakeAsync("/api/v1/events", body, token, body.StartsWith('[') ? "application/cloudevents-batch+json" : "application/cloudevents+json");

    /// <summary>The rows of an org, newest last.</summary>
    public static async Task<JsonElement[]> RowsAsync(this ApiWorld world, string org = "acme") =>
        [.. (await world.GetAsync($"/orgs/{org}/usage?limit=1000&order=oldest")).GetProperty("items").EnumerateArray()];

    public static async Task<decimal> SpentAsync(this ApiWorld world, string org = "acme") =>
        1000 - decimal.Parse(
            (await world.GetAsync($"/orgs/{org}/balance")).GetProperty("posted").GetString()!, System.Globalization.CultureInfo.InvariantCulture);

    public static byte[] Gzip(byte[] plain)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(plain);
        return packed.ToArray();
    }
}

/// <summary>The answer to a call.</summary>
internal sealed record Taken(int Accepted, int Replayed, int Conflicts, int Refused, JsonElement[] Items)
{
    public static async Task<Taken> ReadAsync(HttpResponseMessage response)
    {
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        var json = await response.Content.ReadFromJsonAsync<JsonElement>();
        return new(Number("accepted"), Number("replayed"), Number("conflicts"), Number("refused"), [.. json.GetProperty("items").EnumerateArray()]);

        int Number(string name) => json.GetProperty(name).GetInt32();
    }

    public (int, int, int, int) Counts => (Accepted, Replayed, Conflicts, Refused);

    public string Code(int item = 0) => Items[item].GetProperty("code").GetString()!;
}
