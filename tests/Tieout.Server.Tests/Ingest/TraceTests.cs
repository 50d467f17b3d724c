using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Ingest;

/// <summary><c>POST /v1/traces</c>.</summary>
public sealed class TraceTests
{
    private const string Trace = "5b8efff798038103d269b633813fc60c";

    private static string Attribute(string key, object value) => value switch
    {
        string text => $$$"""{"key":"{{{key}}}","value":{"stringValue":"{{{text}}}"}}""",
        int number => $$$"""{"key":"{{{key}}}","value":{"intValue":{{{number}}}}}""",
        long number => $$$"""{"key":"{{{key}}}","value":{"intValue":"{{{number}}}"}}""",
        double number => $$$"""{"value":{"doubleValue":{{{number.ToString("0.0", CultureInfo.InvariantCulture)}}}},"key":"{{{key}}}"}""",
        _ => $$$"""{"key":"{{{key}}}","value":{"boolValue":true}}""",
    };

    private static string Span(int span, string more, params (string Key, object Value)[] attributes) => $$"""
        {"traceId":"{{Trace}}","spanId":"{{span:x16}}","name":"x","kind":3,"startTimeUnixNano":"1763625600000000000","endTimeUnixNano":1763625601500000000,
         "attributes":[{{string.Join(',', attributes.Select(one => Attribute(one.Key, one.Value)))}}]{{more}}}
        """;

    private static string Chat(int span, int input = 100) => Span(
        span, "", ("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "openai"), ("gen_ai.request.model", "gpt-4o"),
        ("gen_ai.usage.input_tokens", input), ("gen_ai.usage.output_tokens", 20));

    private static string Body(params string[] spans) =>
        $$$"""{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"s"},"spans":[{{{string.Join(',', spans)}}}]}],"resource":{"attributes":[{{{Attribute("service.name", "checkout")}}},{{{Attribute("tenant.id", "acme")}}}]}}]}""";

    private static async Task<(string? Rejected, string Message)> TracesAsync(
        ApiWorld world, string body, string? token = null, string type = "application/json", string? encoding = null)
    {
        var bytes = encoding is null ? Encoding.UTF8.GetBytes(body) : Sending.Gzip(Encoding.UTF8.GetBytes(body));
        using var response = await world.SendAsync("/v1/traces", bytes, token, type, encoding);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        using var json = JsonDocument.Parse(text);
        return json.RootElement.TryGetProperty("partialSuccess", out var partial)
            ? (partial.GetProperty("rejectedSpans").GetString(), partial.GetProperty("errorMessage").GetString()!)
            : (null, "");
    }

    private static readonly (string Key, object Value)[] Call = [("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "gpt-4o")];

    /// <summary>Numbers: <c>#</c> as a number, <c>"</c> as text, as exporters write 64 bits, <c>.</c> as a double.</summary>
    public static TheoryData<string> Generations =>
    [
        "operation.name=chat provider.name=openai request.model=gpt-4o response.model=gpt-4o-2024-08-06 usage.input_tokens=#100 usage.cache_read.input_tokens=#40 usage.output_tokens=#20 usage.reasoning.output_tokens=#5",
        "operation.name=chat provider.name=openai response.model=gpt-4o usage.input_tokens=\"100 usage.cache_read.input_tokens=\"40 usage.output_tokens=\"20 usage.reasoning.output_tokens=\"5",
        "operation.name=generate_content provider.name=openai response.model=gpt-4o usage.input_tokens=.100 usage.cache_read.input_tokens=.40 usage.output_tokens=.20 usage.reasoning.output_tokens=.5",
        "operation.name=text_completion system=openai request.model=gpt-4o usage.input_tokens=#100 usage.cache_read_input_tokens=#40 usage.output_tokens=#20 usage.reasoning_tokens=#5",
        "system=openai request.model=gpt-4o usage.prompt_tokens=#100 usage.cache_read_input_tokens=#40 usage.completion_tokens=#20 usage.reasoning_tokens=#5",
        "operation.name=chat system=openai provider.name=openai request.model=gpt-4o usage.prompt_tokens=#100 usage.input_tokens=#100 usage.cache_read.input_tokens=#40 usage.completion_tokens=#20 usage.output_tokens=#20 usage.reasoning.output_tokens=#5",
    ];

    [Theory]
    [MemberData(nameof(Generations))]
    public async Task Every_generation_of_attributes_says_the_same(string generation)
    {
        await using var world = await ApiWorld.StartAsync();
        var attributes = generation.Split(' ').Select(pair => pair.Split('=')).Select(pair => ("gen_ai." + pair[0], Value(pair[1]))).ToArray();

        Assert.Equal((null, ""), await TracesAsync(world, Body(Span(1, "", attributes))));

        var row = Assert.Single(await world.RowsAsync());
        Assert.Equal((100, 40, 20, 5), (Number("input_tokens"), Number("cache_read_tokens"), Number("output_tokens"), Number("reasoning_tokens")));
        Assert.Equal("0.0004", row.GetProperty("charge").GetString());
        Assert.Equal("app_runtime", row.GetProperty("usage_source").GetString());
        Assert.Equal(Trace, row.GetProperty("trace_id").GetString());
        Assert.Equal(1_500, Number("duration_ms"));
        Assert.Equal("", row.GetProperty("usage_flags").GetString());

        long Number(string name) => row.GetProperty(name).GetInt64();

        static object Value(string text) => text[0] switch
        {
            '#' => int.Parse(text[1..], CultureInfo.InvariantCulture),
            '"' => long.Parse(text[1..], CultureInfo.InvariantCulture),
            '.' => (object)double.Parse(text[1..], CultureInfo.InvariantCulture),
            _ => text,
        };
    }

    /// <summary>The conventions' own example of how summing over workflows counts 6 calls where there are 4.</summary>
    [Fact]
    public async Task Four_calls_in_nested_workflows_are_four()
    {
        await using var world = await ApiWorld.StartAsync();
        string Around(int span, string operation, int tokens) => Span(
            span, "", ("gen_ai.operation.name", operation), ("gen_ai.provider.name", "openai"), ("gen_ai.request.model", "gpt-4o"),
            ("gen_ai.workflow.name", "outer"), ("gen_ai.usage.input_tokens", tokens), ("gen_ai.usage.output_tokens", 20));
        string[] spans =
        [
            Around(1, "invoke_workflow", 400), Chat(2), Around(3, "invoke_workflow", 200), Around(4, "invoke_agent", 200), Chat(5),
            Around(6, "execute_tool", 0), Chat(7), Chat(8),
            Span(9, "", ("gen_ai.system", "openai"), ("gen_ai.agent.name", "planner"), ("gen_ai.request.model", "gpt-4o"), ("gen_ai.usage.prompt_tokens", 100),
                ("gen_ai.usage.completion_tokens", 20)),
            Span(10, "", ("http.request.method", "POST"), ("http.response.status_code", 200)),
        ];

        Assert.Equal((null, ""), await TracesAsync(world, Body(spans)));
        Assert.Equal(4, (await world.RowsAsync()).Length);

        // In other batches, in another order, twice: still four.
        foreach (var span in spans.Reverse()) Assert.Equal((null, ""), await TracesAsync(world, Body(span)));
        Assert.Equal(4 * 0.00045m, await world.SpentAsync());
    }

    [Fact]
    public async Task Ids_may_be_in_capitals_or_base64_and_name_the_same_span()
    {
        await using var world = await ApiWorld.StartAsync();
        var span = Chat(0xABC);
        await TracesAsync(world, Body(span));
        await TracesAsync(
            world, Body(span.Replace(Trace, Trace.ToUpperInvariant(), StringComparison.Ordinal).Replace("0abc", "0ABC", StringComparison.Ordinal)));
        await TracesAsync(world, Body(span.Replace(Trace, Convert.ToBase64String(Convert.FromHexString(Trace)), StringComparison.Ordinal)
            .Replace("0000000000000abc", Convert.ToBase64String(Convert.FromHexString("0000000000000abc")), StringComparison.Ordinal)), encoding: "gzip");
        Assert.Single(await world.RowsAsync());
    }

    [Fact]
    public async Task A_call_that_failed_is_recorded_at_zero_and_one_without_usage_is_rejected()
    {
        await using var world = await ApiWorld.StartAsync();
        var failed = Span(1, ""","status":{"code":2,"message":"rate limited"}""", [.. Call, ("error.type", "429")]);
        var failedOld = Span(2, ""","status":{"message":"x","code":"STATUS_CODE_ERROR"}""", Call);
        var silent = Span(3, ""","status":{"code":1}""", Call);
        var failedWithUsage = Span(4, ""","status":{"code":2}""", [.. Call, ("gen_ai.usage.input_tokens", 100), ("gen_ai.usage.output_tokens", 20)]);

        var (rejected, message) = await TracesAsync(world, Body(failed, failedOld, silent, failedWithUsage));

        Assert.Equal("1", rejected);
        Assert.Contains("usage_missing", message, StringComparison.Ordinal);
        var rows = await world.RowsAsync();
        Assert.Equal(new[] { (429, "failed", "0"), (500, "failed", "0"), (500, "imported", "0.00045") },
            rows.Select(row => (row.GetProperty("status_code").GetInt32(), row.GetProperty("basis").GetString()!, row.GetProperty("charge").GetString()!)));
        Assert.Empty(await world.Ledger.Read.FindingsAsync("acme", 10, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Spans_that_cannot_be_charged_are_rejected_one_by_one_and_the_others_stand()
    {
        await using var world = await ApiWorld.StartAsync();
        var unknown = Span(2, "", [.. Call[1..], ("gen_ai.operation.name", "dream"), ("gen_ai.system", "openai"), ("gen_ai.usage.input_tokens", 1)]);
        var fractional = Span(3, "", [.. Call, ("gen_ai.usage.input_tokens", 1.5)]);
        var noIds = Chat(4).Replace(Trace, "00", StringComparison.Ordinal);
        var noTime = Chat(5).Replace("TimeUnixNano", "Time", StringComparison.Ordinal);
        var unpriced = Chat(6).Replace("gpt-4o", "no-such-model", StringComparison.Ordinal);
        var foreign = Span(7, "", [.. Call, ("gen_ai.usage.input_tokens", 1), ("tenant.id", "nobody")]);

        var (rejected, message) = await TracesAsync(world, Body(Chat(1), unknown, fractional, noIds, noTime, unpriced, foreign, Chat(1, input: 7)));

        Assert.Equal("7", rejected);
        foreach (var part in (ReadOnlySpan<string>)["dream", "gen_ai.usage.input_tokens must be", "traceId", "startTimeUnixNano", "model_not_priced",
            "org_not_found", "id_reused"])
        {
            Assert.Contains(part, message, StringComparison.Ordinal);
        }

        Assert.Single(await world.RowsAsync());
    }

    [Fact]
    public async Task Two_names_that_disagree_are_said_on_the_record_and_the_newer_stands()
    {
        await using var world = await ApiWorld.StartAsync();
        await TracesAsync(world, Body(Span(1, "", [.. Call, ("gen_ai.usage.prompt_tokens", 90), ("gen_ai.usage.input_tokens", 100)])));
        var row = Assert.Single(await world.RowsAsync());
        Assert.Equal(100, row.GetProperty("input_tokens").GetInt64());
        Assert.Contains("usage_repeated", row.GetProperty("usage_flags").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_sends_for_its_own_org_and_the_old_names_of_scopes_are_read()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"other","asset":"USD","billing":"postpaid"}""");
        var (_, key) = await world.KeyAsync(team: "red");
        var own = Body(Chat(1)).Replace("tenant.id", "not.said", StringComparison.Ordinal).Replace(
            "scopeSpans", "instrumentationLibrarySpans", StringComparison.Ordinal);

        Assert.Equal((null, ""), await TracesAsync(world, own, key));
        var (rejected, message) = await TracesAsync(world, Body(Chat(2)).Replace("\"acme\"", "\"other\"", StringComparison.Ordinal), key);

        Assert.Equal("1", rejected);
        Assert.Contains("org_not_found", message, StringComparison.Ordinal);
        Assert.Equal("red", Assert.Single(await world.RowsAsync()).GetProperty("team_id").GetString());
        Assert.Empty(await world.RowsAsync("other"));
    }

    [Fact]
    public async Task Errors_of_the_call_have_the_form_of_OTLP()
    {
        await using var world = await ApiWorld.StartAsync();
        await ExpectAsync(HttpStatusCode.Unauthorized, 16, "unauthorized", "{}", token: "");
        await ExpectAsync(HttpStatusCode.UnsupportedMediaType, 3, "http/json", "{}", type: "application/x-protobuf");
        await ExpectAsync(HttpStatusCode.BadRequest, 3, "at byte 1", "{");
        await ExpectAsync(HttpStatusCode.BadRequest, 3, "resourceSpans", "[]");
        await ExpectAsync(HttpStatusCode.BadRequest, 3, "resourceSpans must be an array", """{"resourceSpans":7}""");
        await ExpectAsync(HttpStatusCode.BadRequest, 3, "array of objects", """{"resourceSpans":[{"scopeSpans":[7]}]}""");
        await ExpectAsync(HttpStatusCode.RequestEntityTooLarge, 3, "too_many_items", Body([.. Enumerable.Repeat("{}", 10_001)]));
        Assert.Equal((null, ""), await TracesAsync(world, "{}"));
        Assert.Equal((null, ""),
            await TracesAsync(world, """{"resourceSpans":[{"resource":null,"scopeSpans":null}],"unknown":[{}]}""", type: "application/json; charset=utf-8"));
        world.Ledger.Broken = _ => true;
        await ExpectAsync(HttpStatusCode.ServiceUnavailable, 14, "store_unavailable", Body(Chat(1)));

        async Task ExpectAsync(HttpStatusCode status, int code, string message, string body, string? token = null, string type = "application/json")
        {
            using var response = await world.SendAsync("/v1/traces", body, token, type);
            Assert.Equal(status, response.StatusCode);
            var answer = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
            Assert.Equal(code, answer.GetProperty("code").GetInt32());
            Assert.Contains(message, answer.GetProperty("message").GetString(), StringComparison.Ordinal);
        }
    }
}
