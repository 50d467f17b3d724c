using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Tieout.Core.Metering;
using ZstdSharp;

namespace Tieout.Server.Tests.Gateway;

/// <summary>Requests that clients pack, and answers that servers pack though nobody asked them to.</summary>
public sealed class PackedBodyTests
{
    private const string Answer =
        """{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}""";

    private const string Chunks = """
        data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}

        data: {"choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}

        data: [DONE]


        """;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    [InlineData("zstd")]
    public async Task A_packed_request_is_unpacked_and_goes_out_plain(string coding)
    {
        await using var world = await DialectsWorld.StartAsync();

        using var response = await PostAsync(world, Packed(coding, World.Hello), coding);

        Assert.True((int)response.StatusCode == 200, await response.Content.ReadAsStringAsync(Stop));
        Assert.Equal(UsageBasis.Reported, Assert.Single(await world.UsageAsync()).Usage.Basis);
    }

    [Fact]
    public async Task A_coding_that_is_not_known_is_refused_with_415()
    {
        await using var world = await DialectsWorld.StartAsync();

        using var response = await PostAsync(world, Encoding.UTF8.GetBytes(World.Hello), "compress");

        Assert.Equal(415, (int)response.StatusCode);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.Contains("media_type_unsupported", text, StringComparison.Ordinal);
        Assert.Contains("Use gzip, deflate, br or zstd, or none.", text, StringComparison.Ordinal);
        Assert.Empty(world.Bill.Calls());
    }

    // The sender of zstd chooses how much memory its reader takes: more than 8 MiB is refused.
    [Fact]
    public async Task A_window_of_zstd_is_bounded()
    {
        await using var world = await DialectsWorld.StartAsync();
        byte[] frame = [0x28, 0xB5, 0x2F, 0xFD, 0x00, (30 - 10) << 3, 0x01, 0x00, 0x00];

        using var response = await PostAsync(world, frame, "zstd");

        Assert.Equal(400, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("gzip", false)]
    [InlineData("gzip", true)]
    [InlineData("deflate", false)]
    [InlineData("br", true)]
    [InlineData("zstd", false)]
    [InlineData("zstd", true)]
    public async Task M1_a_packed_answer_is_metered_and_reaches_the_client_plain(string coding, bool stream)
    {
        await using var provider = await PackingAsync(stream ? "text/event-stream" : "application/json", Packed(coding, stream ? Chunks : Answer), coding);
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());

        using var response = await world.PostAsync(
            "/v1/chat/completions", stream ? World.HelloStream : World.Hello, DialectsChargeTests.KeyOf("chat"));
        var text = await response.Content.ReadAsStringAsync(Stop);

        Assert.Contains("\"content\":\"Hi\"", text, StringComparison.Ordinal);
        Assert.Empty(response.Content.Headers.ContentEncoding);
        var usage = Assert.Single(await world.UsageAsync()).Usage;
        Assert.Equal((UsageBasis.Reported, UsageFlags.None, 1000), (usage.Basis, usage.Flags, usage.Counts.InputTokens));
    }

    private static Task<HttpResponseMessage> PostAsync(World world, byte[] packed, string coding)
    {
        var content = new ByteArrayContent(packed);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        content.Headers.ContentEncoding.Add(coding);
        return world.PostAsync("/v1/chat/completions", content, DialectsChargeTests.KeyOf("chat"));
    }

    private static byte[] Packed(string coding, string text)
    {
        using var packed = new MemoryStream();
        using (Stream packing = coding switch
        {
            "gzip" => new GZipStream(packed, CompressionLevel.Fastest),
            "deflate" => new ZLibStream(packed, CompressionLevel.Fastest),
            "br" => new BrotliStream(packed, CompressionLevel.Fastest),
            _ => new CompressionStream(packed),
        })
        {
            packing.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }

    private static async Task<WebApplication> PackingAsync(string type, byte[] body, string coding)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async context =>
        {
            (context.Response.ContentType, context.Response.ContentLength) = (type, body.Length);
            context.Response.Headers.ContentEncoding = coding;
            await context.Response.Body.WriteAsync(body, Stop);
        });
        await app.StartAsync(Stop);
        return app;
    }
}
