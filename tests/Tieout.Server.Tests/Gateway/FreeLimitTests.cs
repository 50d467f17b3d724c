using System.Net;
using System.Text;

namespace Tieout.Server.Tests.Gateway;

/// <summary>What a provider takes nothing for has a limit all the same: it costs connections, time and the platform's standing with the provider.</summary>
public sealed class FreeLimitTests
{
    [Theory]
    [InlineData("/v1/moderations", """{"model":"omni-moderation-latest","input":"hello"}""")]
    public async Task Moderation_passes_a_limit_though_none_is_configured(string path, string body)
    {
        await using var world = await World.StartAsync(change: options => options with
        {
            Models = [.. options.Models, new("omni-moderation-latest", [new("sim", "omni-moderation-latest")])],
            Gateway = options.Gateway with { FreeRequestsPerMinute = 3 },
        });
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 5; i++)
        {
            using var answer =
                await world.Http.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
            statuses.Add(answer.StatusCode);
        }

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests, HttpStatusCode.TooManyRequests], statuses);
        using var chat = await world.ChatAsync(World.Hello);
        Assert.Equal(HttpStatusCode.OK, chat.StatusCode);
    }
}
