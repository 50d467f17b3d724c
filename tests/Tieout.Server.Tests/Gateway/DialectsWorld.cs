using System.Text;
using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Configuration;
using Tieout.Storage;

namespace Tieout.Server.Tests.Gateway;

/// <summary>A <see cref="World"/> whose one simulated provider is reached in every dialect.</summary>
internal static class DialectsWorld
{
    private const string ListOfPieces = """
        {"format":"tieout-prices/1","list":"pieces","version":"1","asset":"USD","providers":[{"id":"openai","models":[
        {"id":"whisper-1","match":"whisper-1","prices":[{"rates":{"input_audio_seconds":"0.36"}}]},
        {"id":"tts-1","match":"tts-1","prices":[{"rates":{"input_characters":"15"}}]},
        {"id":"dall-e-3","match":"dall-e-3","prices":[{"rates":{"requests":"40"}}]}]}]}
        """;

    public static async Task<World> StartAsync(string topUp = "1000", Func<GatewayOptions, GatewayOptions>? gateway = null, string? providerUrl = null,
        Func<ServerOptions, ServerOptions>? change = null, Func<Task<ILedger>>? open = null)
    {
        var world = await World.StartAsync(topUp, providerUrl: providerUrl, open: open, change: options => (change?.Invoke(options) ?? options) with
        {
            Gateway = gateway?.Invoke(options.Gateway) ?? options.Gateway,
            Providers =
            [
                options.Providers[0],
                options.Providers[0] with { Name = "claude", Dialect = ProviderDialect.Anthropic },
                options.Providers[0] with { Name = "google", Dialect = ProviderDialect.Gemini, BaseUrl = new Uri(
                    options.Providers[0].BaseUrl.OriginalString + "beta") },
            ],
            Models =
            [
                .. options.Models,
                .. new[] { "text-embedding-3-small", "gpt-image-1", "gpt-4o-mini-tts", "gpt-4o-transcribe", "whisper-1", "tts-1", "dall-e-3",
                    "omni-moderation-latest" }
                    .Select(name => new ModelOptions(name, [new("sim", name)])),
                new("claude-sonnet-4-5", [new("claude", "claude-sonnet-4-5")]),
                new("helper", [new("claude", "claude-haiku-4-5")]),
                new("gemini-2.5-flash", [new("google", "gemini-2.5-flash")]),
            ],
        });
        await world.DoAsync(new Command.Record(SettingKind.PriceList, "", "pieces", ListOfPieces, Once: false));
        return world;
    }

    /// <summary>Posts without the bearer token; headers as <c>name: value</c>.</summary>
    public static Task<HttpResponseMessage> PostAsync(this World world, string path, HttpContent body, params string[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(world.Server.Urls.First() + path)) { Content = body };
        foreach (var header in headers)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            request.Headers.TryAddWithoutValidation(header[..colon], header[(colon + 1)..].Trim());
        }

        return Bare.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    public static Task<HttpResponseMessage> PostAsync(this World world, string path, string body, params string[] headers) =>
        world.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), headers);

    public static async Task<string> TextAsync(this HttpResponseMessage response)
    {
        using (response) return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    public static async Task<JsonElement> ErrorAsync(this HttpResponseMessage response, int status)
    {
        var text = await response.TextAsync();
        Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode}: {text}");
        return JsonElement.Parse(text);
    }

    /// <summary>What all records say, the balance says too (B2, L4), and nothing is held any more.</summary>
    public static async Task<Amount> TiesOutAsync(this World world)
    {
        var rows = await world.UsageAsync();
        var charged = Amount.Sum(rows.Select(row => row.Charge));
        Assert.Equal(Amount.Parse("1000") - charged, world.Read.Balance(World.Org)!.Balance);
        Assert.Empty(world.Read.OpenHolds(null));
        return charged;
    }

    private static readonly HttpClient Bare = new(new SocketsHttpHandler { UseProxy = false, MaxResponseDrainSize = 0 });
}
