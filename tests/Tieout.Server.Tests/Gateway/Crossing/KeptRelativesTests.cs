using Tieout.Server.Configuration;

namespace Tieout.Server.Tests.Gateway.Crossing;

/// <summary>Relatives of <see cref="KeptReferencesTests"/>: models that were made for one org, items that are written in another way, addresses that list what an account has.</summary>
public sealed class KeptRelativesTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Responses = "/v1/responses";
    private const string Tuned = "ft:gpt-4o-2024-08-06:theirs::abc";
    private const string Answer = """{"id":"x","model":"gpt-4o","choices":[],"output":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"input_tokens":1,"output_tokens":1}}""";

    [Theory]
    [InlineData(Chat, $$"""{"model":"{{Tuned}}","messages":[]}""")]
    [InlineData(Chat, """{"model":"ft\u003agpt-4o-2024-08-06:theirs::abc","messages":[]}""")]
    [InlineData(Chat, $$"""{"model":"openai/{{Tuned}}","messages":[]}""")]
    [InlineData(Chat, $$"""{"model":"gpt-4o","messages":[],"models":["gpt-4o","{{Tuned}}"]}""")]
    [InlineData(Responses, $$"""{"model":"{{Tuned}}","input":"Hi"}""")]
    [InlineData(Responses, $$"""{"model":"gpt-4o","input":"Hi","tools":[{"type":"image_generation","model":"{{Tuned}}"}]}""")]
    [InlineData(Responses, """{"model":"gpt-4o","input":[{"id":"msg_theirs"}]}""")]
    [InlineData(Responses, """{"model":"gpt-4o","input":{"type":"item_reference","id":"msg_theirs"}}""")]
    [InlineData(Responses, """{"model":"gpt-4o","input":"Hi","tools":[{"type":"shell","environment":{"type":"container_auto","skills":[{"type":"skill_reference","skill_id":"skill_theirs"}]}}]}""")]
    [InlineData("/v1/audio/speech", """{"model":"tts-1","input":"Hi","voice":{"id":"voice_theirs"}}""")]
    public async Task What_was_made_for_another_org_is_not_found_and_nothing_is_sent(string path, string body)
    {
        var seen = new List<string>();
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", Answer, http => seen.Add(http.Path));
        await using var world = await World.StartAsync(providerUrl: provider.Urls.First(), change: options => options with { Models = [] });

        var error = await (await world.PostAsync(path, body, DialectsChargeTests.KeyOf(path))).ErrorAsync(404);

        Assert.Contains("object_not_found", error.GetRawText(), StringComparison.OrdinalIgnoreCase);
        Assert.Empty(seen);
        Assert.Empty(world.Read.OpenHolds(null));
    }

    [Fact]
    public async Task A_tuned_model_is_served_where_the_configuration_shares_or_offers_it_or_the_account_is_the_orgs_own()
    {
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", Answer);
        Func<ServerOptions, ServerOptions>[] ways =
        [
            options => options with { Models = [], Providers = [options.Providers[0] with { ApiKeyByOrg = options.Providers[0].ApiKeyByOrg.Add(World.Org, "sk-of-acme") }] },
            options => options with { Models = [], Providers = [options.Providers[0] with { SharedObjects = [Tuned] }] },
            options => options with { Models = [new(Tuned, [new(options.Providers[0].Name, Tuned)])] },
        ];
        foreach (var way in ways)
        {
            await using var world = await World.StartAsync(providerUrl: provider.Urls.First(), change: way);
            using var answer = await world.PostAsync(Chat, $$"""{"model":"{{Tuned}}","messages":[]}""", DialectsChargeTests.KeyOf(Chat));
            Assert.True((int)answer.StatusCode == 200, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task Addresses_that_list_or_make_what_an_account_keeps_are_not_passed_on()
    {
        var seen = new List<string>();
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", Answer, http => seen.Add(http.Path));
        await using var world = await DialectsWorld.StartAsync(providerUrl: provider.Urls.First());
        string[] paths =
        [
            "/v1/chat/completions/chatcmpl_1", "/v1/conversations", "/v1/conversations/conv_1/items", "/v1/vector_stores", "/v1/vector_stores/vs_1/search", "/v1/containers/cntr_1/files", "/v1/assistants",
            "/v1/threads/thread_1/messages", "/v1/fine_tuning/jobs", "/v1/uploads", "/v1/evals", "/v1/videos", "/v1/realtime/sessions", "/v1/skills", "/v1/anthropic/v1/skills", "/v1beta/cachedContents",
            "/v1beta/tunedModels/theirs:generateContent", "/v1beta/models/..%2FtunedModels%2Ftheirs:generateContent", "/v1beta/corpora", "/v1beta/fileSearchStores", "/v1beta/files", "/v1/responses/resp_theirs/unknown",
        ];
        foreach (var path in paths)
        {
            using var answer = await world.PostAsync(path, "{}", DialectsChargeTests.KeyOf(path));
            Assert.True((int)answer.StatusCode is 400 or 404 or 405, $"{path}: {(int)answer.StatusCode}");
        }

        Assert.Empty(seen);
    }
}
