namespace Tieout.Server.Tests.Gateway;

/// <summary>Whatever a client sends wrong is said in OpenAI's shape, spends nothing and never shows our insides.</summary>
public sealed class BadInputTests
{
    private const string Message = """ "messages":[{"role":"user","content":"Hi"}] """;

    public static TheoryData<string, int, string> BadBodies => new()
    {
        { "", 400, "body_malformed" },
        { "nonsense", 400, "body_malformed" },
        { "[]", 400, "body_malformed" },
        { "{", 400, "body_malformed" },
        { "{}{}", 400, "body_malformed" },
        { "{" + Message + "}", 400, "parameter_invalid" },
        { """{"model":"gpt-4o"}""", 400, "parameter_invalid" },
        { """{"model":"gpt-4o","messages":"Hi"}""", 400, "parameter_invalid" },
        { """{"model":7,""" + Message + "}", 400, "parameter_invalid" },
        { """{"model":"",""" + Message + "}", 400, "parameter_invalid" },
        { """{"model":"gpt-4o","model":"cheap",""" + Message + "}", 400, "body_malformed" },
        { """{"model":"gpt-4o","mod\u0065l":"cheap",""" + Message + "}", 400, "body_malformed" },
        { """{"model":"gpt-4o","max_tokens":-1,""" + Message + "}", 400, "parameter_invalid" },
        { """{"model":"gpt-4o","max_tokens":0,""" + Message + "}", 400, "parameter_invalid" },
        { """{"model":"gpt-4o","max_tokens":1.5,""" + Message + "}", 400, "parameter_invalid" },
        { """{"model":"gpt-4o","max_completion_tokens":99999999999999999999,""" + Message + "}", 400, "parameter_invalid" },
        { """{"model":"gpt-4o","n":0,""" + Message + "}", 400, "parameter_invalid" },
        { """{"model":"gpt-4o","n":129,""" + Message + "}", 400, "parameter_invalid" },
        { """{"model":"gpt-4o","stream":"yes",""" + Message + "}", 400, "parameter_invalid" },
        { """{"model":"gpt-4o","stream":true,"stream_options":[],""" + Message + "}", 400, "parameter_invalid" },
        { """{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true,"include_usage":false},""" + Message + "}", 400, "body_malformed" },
        { """{"model":"gpt-4o","messages":""" + new string('[', 500) + new string(']', 500) + "}", 400, "body_malformed" },
        { """{"model":"no-such",""" + Message + "}", 404, "model_not_found" },
        { """{"model":"sim/gpt-4o",""" + Message + "}", 404, "model_not_found" },
        { """{"model":"mystery",""" + Message + "}", 404, "model_not_priced" },
        { "{" + Message + ""","model":"gpt-4o","pad":" """ + new string('x', 70_000) + "\"}", 413, "body_too_large" },
    };

    [Fact]
    public async Task Every_bad_body_is_refused_and_spends_nothing()
    {
        await using var world = await World.StartAsync(change: options => options with { Gateway = options.Gateway with { BodyBytesMax = 64 * 1024 } });
        foreach (var (body, status, code) in BadBodies.Select(row => row.Data))
        {
            using var response = await world.ChatAsync(body);

            var answer = await World.JsonAsync(response);
            Assert.Equal((status, code), ((int)response.StatusCode, answer.GetProperty("error").GetProperty("code").GetString()));
            Assert.NotEmpty(answer.GetProperty("error").GetProperty("message").GetString()!);
            Assert.Equal("false", response.Headers.GetValues("x-should-retry").Single());
            Assert.DoesNotContain("   at ", answer.ToString(), StringComparison.Ordinal);
        }

        Assert.Empty(world.Bill.Calls());
        Assert.Empty(await world.UsageAsync());
        Assert.Empty(world.Read.OpenHolds(null));
    }

    [Fact]
    public async Task An_unknown_a_blocked_and_a_missing_key_are_refused_alike()
    {
        await using var world = await World.StartAsync();
        await world.AddKeyAsync("tk-blocked", "key-2", blocked: true);
        foreach (var authorization in new[] { "Bearer tk-unknown", "Bearer tk-blocked", "Bearer ", "Basic abc", World.Secret, "Bearer "
            + new string('x', 600) })
        {
            using var response = await world.ChatAsync(World.Hello, $"Authorization: {authorization}");
            Assert.Equal(401, (int)response.StatusCode);
            Assert.Equal("invalid_api_key", (await World.JsonAsync(response)).GetProperty("error").GetProperty("code").GetString());
        }

        Assert.Empty(world.Bill.Calls());
    }

    [Fact]
    public async Task A_key_that_is_blocked_stops_working_at_once()
    {
        await using var world = await World.StartAsync();
        using var before = await world.ChatAsync(World.Hello);
        Assert.Equal(200, (int)before.StatusCode);

        await world.AddKeyAsync(World.Secret, "key-1", blocked: true);

        using var after = await world.ChatAsync(World.Hello);
        Assert.Equal(401, (int)after.StatusCode);
    }

    [Theory]
    [InlineData("Tieout-Project: two words")]
    [InlineData("Tieout-Feature: <script>")]
    [InlineData("Tieout-User: ../../etc")]
    [InlineData("Tieout-Workflow: -dash")]
    [InlineData("Tieout-Operation: \"quoted\"")]
    [InlineData("Tieout-Trigger: a;b")]
    public async Task A_tag_that_is_no_name_is_refused(string header)
    {
        await using var world = await World.StartAsync();

        using var response = await world.ChatAsync(World.Hello, header);

        var error = (await World.JsonAsync(response)).GetProperty("error");
        Assert.Equal((400, "header_invalid"), ((int)response.StatusCode, error.GetProperty("code").GetString()));
        Assert.Equal(header[..header.IndexOf(':', StringComparison.Ordinal)], error.GetProperty("param").GetString());
    }

    [Theory]
    [InlineData("GET", "/v1/chat/completions", 405)]
    [InlineData("POST", "/v1/nothing", 404)]
    [InlineData("GET", "/nothing", 404)]
    public async Task What_is_not_there_is_said_in_the_shape_of_its_place(string method, string path, int status)
    {
        await using var world = await World.StartAsync();

        using var response = await world.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains(path.StartsWith("/v1", StringComparison.Ordinal) ? "\"error\"" : "\"code\"", text, StringComparison.Ordinal);
        Assert.NotEmpty(response.Headers.GetValues("X-Correlation-Id").Single());
    }
}
