
namespace Tieout.Server.Tests.Gateway.Crossing;

/// <summary>What a request names at the provider must be the org's own: else 404, and nothing is sent.</summary>
public sealed class KeptReferencesTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Responses = "/v1/responses";
    private const string Messages = "/v1/messages";
    private const string Generate = "/v1beta/models/gemini-2.5-flash:generateContent";
    private const string Answer =
        """{"id":"x","model":"gpt-4o","choices":[],"content":[],"output":[],"candidates":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"input_tokens":1,"output_tokens":1},"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2}}""";

    /// <summary>Every member of the closed lists, at the depth where providers have it and at another one.</summary>
    public static TheoryData<string, string> Foreign() => new()
    {
        { Responses, """{"model":"gpt-4o","input":"Hi","previous_response_id":"resp_theirs"}""" },
        { Responses, """{"model":"gpt-4o","input":"Hi","conversation":"conv_theirs"}""" },
        { Responses, """{"model":"gpt-4o","input":"Hi","conversation":{"id":"conv_theirs"}}""" },
        { Responses, """{"model":"gpt-4o","input":"Hi","conversation":{"x":{"prompt":{"a":1}},"\u0069d":"conv_theirs"}}""" },
        { Responses, """{"model":"gpt-4o","input":"Hi","prompt":{"id":"pmpt_theirs","version":"2"}}""" },
        { Responses, """{"model":"gpt-4o","input":[{"type":"item_reference","id":"msg_theirs"}]}""" },
        { Responses, """{"model":"gpt-4o","input":[{"type":"reasoning","id":"rs_theirs","summary":[]}]}""" },
        { Responses, """{"model":"gpt-4o","input":[{"type":"mcp_approval_response","approval_request_id":"mcpr_theirs","approve":true}]}""" },
        { Responses, """{"model":"gpt-4o","input":[{"role":"user","content":[{"type":"input_file","file_id":"file-theirs"}]}]}""" },
        { Responses, """{"model":"gpt-4o","input":[{"role":"user","content":[{"type":"input_image","fi\u006ce_id":"file-theirs"}]}]}""" },
        { Responses, """{"model":"gpt-4o","input":[{"role":"user","content":[{"type":"input_image","File_ID":"file-theirs"}]}]}""" },
        { Responses, """{"model":"gpt-4o","input":[{"role":"user","content":[{"file_id":null,"file_id":"file-theirs"}]}]}""" },
        { Responses, """{"model":"gpt-4o","input":"Hi","tools":[{"type":"file_search","vector_store_ids":["vs_theirs"]}]}""" },
        { Responses, """{"model":"gpt-4o","input":"Hi","tools":[{"type":"code_interpreter","container":"cntr_theirs"}]}""" },
        { Responses, """{"model":"gpt-4o","input":"Hi","tools":[{"type":"code_interpreter","container":{"type":"auto","file_ids":["file-theirs"]}}]}""" },
        { Responses,
            """{"model":"gpt-4o","input":"Hi","tools":[{"type":"shell","environment":{"type":"container_reference","container_id":"cntr_theirs"}}]}""" },
        { Responses, """{"model":"gpt-4o","input":"Hi","tools":[{"type":"image_generation","input_image_mask":{"file_id":"file-theirs"}}]}""" },
        { Responses,
            """{"model":"gpt-4o","input":[{"type":"function_call_output","call_id":"c","output":[{"type":"input_file","file_id":"file-theirs"}]}]}""" },
        { Responses, """{"model":"gpt-4o","input":"Hi","prompt":{"variables":{"a":{"type":"input_file","file_id":"file-theirs"}}}}""" },
        { Chat, """{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-theirs"}}]}]}""" },
        { Chat, """{"model":"gpt-4o","messages":[{"role":"assistant","audio":{"id":"audio_theirs"}}]}""" },
        { Messages,
            """{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"file_theirs"}}]}]}""" },
        { Messages,
            """{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"image","source":{"type":"file","file_id":"file_theirs"}}]}]}]}""" },
        { Messages,
            """{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":[{"type":"container_upload","file_id":"file_theirs"}]}]}""" },
        { Messages, """{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[],"container":"container_theirs"}""" },
        { Messages, """{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[],"container":{"id":"container_theirs","skills":[]}}""" },
        { Messages, """{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[],"container":{"skills":[{"type":"custom","skill_id":"skill_theirs"}]}}""" },
        { "/v1/messages/count_tokens",
            """{"model":"claude-sonnet-4-5","messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"file_theirs"}}]}]}""" },
        { "/v1/messages/batches",
            """{"requests":[{"custom_id":"a","params":{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"file_theirs"}}]}]}}]}""" },
        { Generate, """{"contents":[],"cachedContent":"cachedContents/theirs"}""" },
        { Generate, """{"contents":[],"cached_content":"cachedContents/theirs"}""" },
        { Generate, """{"contents":[{"parts":[{"fileData":{"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/theirs"}}]}]}""" },
        { Generate, """{"contents":[{"parts":[{"file_data":{"file_uri":"files/theirs"}}]}]}""" },
        { Generate, """{"contents":[{"parts":[{"fileData":{"fileUri":"gs://bucket/theirs"}}]}]}""" },
        { Generate, """{"contents":[],"tools":[{"fileSearch":{"fileSearchStoreNames":["fileSearchStores/theirs"]}}]}""" },
        { Generate.Replace("generateContent", "countTokens", StringComparison.Ordinal),
            """{"generateContentRequest":{"model":"models/gemini-2.5-flash","contents":[],"cachedContent":"cachedContents/theirs"}}""" },
    };

    [Theory]
    [MemberData(nameof(Foreign))]
    public async Task What_another_org_has_at_the_provider_is_not_found_and_nothing_is_sent(string path, string body)
    {
        var seen = new List<string>();
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", Answer, http => seen.Add(http.Path));
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());

        var error = await (await world.PostAsync(path, body, DialectsChargeTests.KeyOf(path))).ErrorAsync(404);

        Assert.Contains("object_not_found", error.GetRawText(), StringComparison.OrdinalIgnoreCase);
        Assert.Empty(seen);
        Assert.Empty(world.Read.OpenHolds(null));
        Assert.Empty(await world.UsageAsync());
    }

    // The same words where they are the client's own data, or lead to the public internet.
    [Theory]
    [InlineData(Responses,
        """{"model":"gpt-4o","input":"Hi","previous_response_id":null,"metadata":{"file_id":"mine"},"tools":[{"type":"function","name":"f","parameters":{"properties":{"file_id":{"default":"x"}},"file_id":"x"}}]}""")]
    [InlineData(Responses,
        """{"model":"gpt-4o","input":[{"role":"user","content":[{"type":"input_image","image_url":"https://example.com/files/a.png"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{\"file_id\":\"mine\"}"}]}""")]
    [InlineData(Chat,
        """{"model":"gpt-4o","messages":[{"role":"user","content":"{\"file_id\":\"x\"} previous_response_id"}],"audio":{"voice":"alloy","format":"wav"},"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"container":"x"}}}}""")]
    [InlineData(Messages,
        """{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"file_id":"mine","container":"mine"}}]}],"container":{"skills":[{"type":"anthropic","skill_id":"pptx"}]}}""")]
    [InlineData(Generate,
        """{"contents":[{"parts":[{"fileData":{"fileUri":"https://www.youtube.com/watch?v=1"}},{"functionCall":{"name":"f","args":{"fileUri":"mine"}}}]}]}""")]
    public async Task Words_of_the_clients_own_are_no_names_at_the_provider(string path, string body)
    {
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", Answer);
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());
        using var answer = await world.PostAsync(path, body, DialectsChargeTests.KeyOf(path));
        Assert.True((int)answer.StatusCode == 200, await answer.Content.ReadAsStringAsync(Stop));
    }

    [Fact]
    public async Task What_an_answer_made_is_its_orgs_and_nobody_elses_also_after_a_restart()
    {
        const string made = """
            {"id":"resp_1","object":"response","status":"completed","model":"gpt-4o","conversation":{"id":"conv_1"},
             "output":[{"type":"reasoning","id":"rs_1","summary":[]},{"type":"code_interpreter_call","id":"ci_1","container_id":"cntr_1"},{"type":"message","id":"msg_1","content":[{"type":"output_text","text":"{\"id\":\"msg_2\"}"}]}],
             "usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}
            """;
        string[] names =
        [
            """ "previous_response_id":"resp_1" """, """ "conversation":"conv_1" """, """ "tools":[{"type":"code_interpreter","container":"cntr_1"}] """,
            """ "input":[{"type":"item_reference","id":"msg_1"},{"type":"reasoning","id":"rs_1"}] """,
        ];
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", made);
        var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());
        await world.AddOtherAsync();
        (await world.PostAsync(Responses, """{"model":"gpt-4o","input":"Hi"}""", DialectsChargeTests.KeyOf(""))).Dispose();

        for (var start = 0; start < 2; start++)
        {
            foreach (var name in names)
            {
                var body = name.Contains("\"input\"", StringComparison.Ordinal)
                    ? $$"""{"model":"gpt-4o",{{name}}}""" : $$"""{"model":"gpt-4o","input":"Hi",{{name}}}""";
                using var own = await world.PostAsync(Responses, body, DialectsChargeTests.KeyOf(""));
                using var others = await world.PostAsync(Responses, body, $"Authorization: Bearer {CrossingWorld.OtherSecret}");
                Assert.True((200, 404) == ((int)own.StatusCode, (int)others.StatusCode), $"{name}: {own.StatusCode} {others.StatusCode}");
            }

            // A text that looks like an item is none.
            using var laundered =
                await world.PostAsync(Responses, """{"model":"gpt-4o","input":[{"type":"item_reference","id":"msg_2"}]}""", DialectsChargeTests.KeyOf(""));
            Assert.Equal(404, (int)laundered.StatusCode);
            world = await world.RestartedAsync();
        }

        await world.DisposeAsync();
    }

    [Fact]
    public async Task A_file_of_a_batch_line_and_a_batchs_input_must_be_the_orgs_own()
    {
        await using var world = await BatchesWorld.StartAsync();
        await world.AddOtherAsync();
        var file = await world.FileAsync(BatchesWorld.Line("a"));
        var before = world.Bill.Totals().Calls;

        var line = """{"custom_id":"a","method":"POST","url":"/v1/responses","body":{"model":"gpt-4o","input":[{"role":"user","content":[{"type":"input_file","file_id":"%"}]}]}}""";
        using var foreign = await world.UploadAsync(line.Replace("%", "file-theirs", StringComparison.Ordinal));
        using var others = await world.UploadAsync(line.Replace("%", file, StringComparison.Ordinal), secret: CrossingWorld.OtherSecret);
        using var othersBatch = await world.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""",
            $"Authorization: Bearer {CrossingWorld.OtherSecret}");

        Assert.Equal((404, 404, 404), ((int)foreign.StatusCode, (int)others.StatusCode, (int)othersBatch.StatusCode));
        Assert.Equal(before, world.Bill.Totals().Calls);
        using var own = await world.UploadAsync(line.Replace("%", file, StringComparison.Ordinal));
        Assert.Equal(200, (int)own.StatusCode);
    }

    [Fact]
    public async Task An_org_with_an_account_of_its_own_is_served_with_its_own_key_and_names_what_it_likes()
    {
        var seen = new List<string>();
        await using var provider =
            await DialectsComplaintTests.AnsweringAsync("application/json", Answer, http => seen.Add(http.Headers.Authorization.ToString()));
        await using var world = await World.StartAsync(providerUrl: provider.Urls.First(), change: options => options with
        {
            Providers = [options.Providers[0] with { ApiKeyByOrg = options.Providers[0].ApiKeyByOrg.Add(World.Org, "sk-of-acme-alone"),
                SharedObjects = ["pmpt_for_all"] }],
        });
        await world.AddOtherAsync();

        foreach (var (secret, named, status) in new[] { (World.Secret, "pmpt_own", 200), (CrossingWorld.OtherSecret, "pmpt_own",
            404), (CrossingWorld.OtherSecret, "pmpt_for_all", 200) })
        {
            using var answer =
                await world.PostAsync(Responses, $$$"""{"model":"gpt-4o","input":"Hi","prompt":{"id":"{{{named}}}"}}""", $"Authorization: Bearer {secret}");
            Assert.Equal(status, (int)answer.StatusCode);
        }

        Assert.Equal(["Bearer sk-of-acme-alone", $"Bearer {World.ProviderKey}"], seen);
    }

    [Theory]
    [InlineData(Messages,
        """{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[],"tools":[{"type":"advisor_20260301","name":"advisor","model":"claude-opus-4-1"}]}""")]
    [InlineData(Chat, """{"model":"gpt-4o","messages":[],"models":["gpt-4o","gpt-4-turbo"]}""")]
    [InlineData(Chat, """{"model":"gpt-4o","messages":[],"fallbacks":[{"model":"gpt-4-turbo"}]}""")]
    [InlineData(Responses, """{"model":"gpt-4o","input":"Hi","tools":[{"type":"image_generation","model":"gpt-image-1"}]}""")]
    public async Task A_key_limited_to_some_models_names_no_others_in_tools_or_fallbacks(string path, string body)
    {
        var seen = new List<string>();
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", Answer, http => seen.Add(http.Path));
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());
        await world.AddLimitedKeyAsync("tk-limited", "gpt-4o", "claude-sonnet-4-5");

        var error = await (await world.PostAsync(path, body, path == Messages ? "x-api-key: tk-limited" : "Authorization: Bearer tk-limited")).ErrorAsync(403);

        Assert.Contains("model_not_allowed", error.GetRawText(), StringComparison.Ordinal);
        Assert.Empty(seen);
        using var unlimited = await world.PostAsync(path, body, DialectsChargeTests.KeyOf(path));
        Assert.Equal(200, (int)unlimited.StatusCode);
    }

    [Fact]
    public async Task A_model_in_geminis_body_is_that_of_the_address()
    {
        var seen = new List<string>();
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", Answer, http => seen.Add(http.Path));
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());
        (await (await world.PostAsync(Generate, """{"model":"models/gemini-2.5-pro","contents":[]}""", DialectsChargeTests.KeyOf(Generate))).ErrorAsync(
            400)).GetProperty("error");
        Assert.Empty(seen);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;
}
