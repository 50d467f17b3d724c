using System.Net;

namespace Tieout.Server.Tests.Gateway;

/// <summary>Counting tokens costs nothing, and is limited all the same.</summary>
public sealed class TokenCountLimitTests
{
    [Theory]
    [InlineData("/v1/messages/count_tokens", """{"model":"claude-sonnet-4-5","messages":[{"role":"user","content":"Hi"}]}""")]
    [InlineData("/v1beta/models/gemini-2.5-flash:countTokens", """{"contents":[{"parts":[{"text":"Hi"}]}]}""")]
    public async Task Counting_tokens_passes_a_limit_though_none_is_configured(string path, string body)
    {
        await using var world = await DialectsWorld.StartAsync(gateway: gateway => gateway with { FreeRequestsPerMinute = 3 });
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 5; i++)
        {
            using var answer = await world.PostAsync(path, body, DialectsChargeTests.KeyOf(path));
            statuses.Add(answer.StatusCode);
        }

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests, HttpStatusCode.TooManyRequests], statuses);
    }
}
