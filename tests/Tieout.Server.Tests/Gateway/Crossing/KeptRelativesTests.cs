using Tieout.Server.Configuration;
using Tieout.Server.Gateway.References;

namespace Tieout.Server.Tests.Gateway.Crossing;

/// <summary>Relatives of <see cref="KeptReferencesTests"/>: models that were made for one org, items that are written in another way, addresses that list what
/// an account has.</summary>
public sealed class KeptRelativesTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Responses = "/v1/responses";
    private const string Tuned = "ft:gpt-4o-2024-08-06:theirs::abc";
    private const string Answer =
        """{"id":"x","model":"gpt-4o","choices":[],"output":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"input_tokens":1,"output_tokens":1}}""";

    [Theory]
    [InlineData(Chat, $$"""{"model":"{{Tuned}}","messages":[]}""")]
    [InlineData(Chat, """{"model":"ft\u003agpt-4o-2024-08-06:theirs::abc","messages":[]}""")]
    [InlineData(Chat, $$"""{"model":"openai/{{Tuned}}","messages":[]}""")]
    [InlineData(Chat, $$"""{"model":"gpt-4o","messages":[],"models":["gpt-4o","{{Tuned}}"]}""")]
    [InlineData(Responses, $$"""{"model":"{{Tuned}}","input":"Hi"}""")]
    [InlineData(Responses, $$"""{"model":"gpt-4o","input":"Hi","tools":[{"type":"image_generation","model":"{{Tuned}}"}]}""")]
    [InlineData(Responses, """{"model":"gpt-4o","input":[{"id":"msg_theirs"}]}""")]
    [InlineData(Responses, """{"model":"gpt-4o","input":{"type":"item_reference","id":"msg_theirs"}}""")]
    [InlineData(Responses,
        """{"model":"gpt-4o","input":"Hi","tools":[{"type":"shell","environment":{"type":"container_auto","skills":[{"type":"skill_reference","skill_id":"skill_theirs"}]}}]}""")]
    [InlineData("/v1/audio/speech", """{"model":"tts-1","input":"Hi","voice":{"id":"voice_theirs"}}""")]
    [InlineData(Chat, """{"model":"accounts/theirs/models/llama","messages":[]}""")]
    [InlineData(Chat, """{"model":"gpt-4o","messages":[],"models":["accounts\/theirs\/models\/llama"]}""")]
    [InlineData(Chat, """{"model":"gpt-4o","messages":[],"fallbacks":[{"model":"accounts/fireworks/models/llama#accounts/theirs/deployments/1"}]}""")]
    [InlineData(Chat, """{"model":"arn:aws:bedrock:us-east-1:123456789012:custom-model/theirs","messages":[]}""")]
    [InlineData("/v1/messages", """{"model":"arn:aws:bedrock:us-east-1:123456789012:custom-model/theirs","max_tokens":9,"messages":[]}""")]
    [InlineData(Responses, """{"model":"gpt-4o","input":"Hi","tools":[{"type":"image_generation","model":"projects/p/locations/l/endpoints/7"}]}""")]
    [InlineData(Chat, """{"model":"tunedModels/theirs","messages":[]}""")]
    [InlineData("/v1/embeddings", """{"model":"curie:ft-theirs-2023-01-01","input":"Hi"}""")]
    public async Task What_was_made_for_another_org_is_not_found_and_nothing_is_sent(string path, string body)
    {
        var seen = new List<string>();
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", Answer, http => seen.Add(http.Path));
        await using var world = await World.StartAsync(providerUrl: provider.Urls.First(),
            change: options => options with
            {
                Models = [],
                Providers = [options.Providers[0] with { Dialect = path == "/v1/messages" ? ProviderDialect.Anthropic : ProviderDialect.OpenAi }]
            });

        var error = await (await world.PostAsync(path, body, DialectsChargeTests.KeyOf(path))).ErrorAsync(404);

        Assert.Contains("object_not_found", error.GetRawText(), StringComparison.OrdinalIgnoreCase);
        Assert.Empty(seen);
        Assert.Empty(world.Read.OpenHolds(null));
    }

    // Azure: a deployment has whatever name its account gave it, also that of a public model.
    [Theory]
    [InlineData("https://ours.openai.azure.com/openai/v1", Chat, """{"model":"gpt-4o","messages":[]}""")]
    [InlineData("https://ours.services.ai.azure.com/openai/v1", Responses, """{"model":"gpt-4o","input":"Hi"}""")]
    [InlineData("https://ours.openai.azure.com/openai/v1", "/v1/audio/transcriptions", "whisper-1")]
    public async Task Deployments_of_an_account_are_nobodys_that_the_configuration_does_not_name(string address, string path, string body)
    {
        await using var world =
            await World.StartAsync(change: options => options with { Models = [], Providers = [options.Providers[0] with { BaseUrl = new(address) }] });
        using var form = new MultipartFormDataContent { { new ByteArrayContent(new byte[100]), "file", "a.wav" }, { new StringContent(body), "model" } };

        var answer = body[0] == '{'
            ? world.PostAsync(path, body, DialectsChargeTests.KeyOf(path)) : world.PostAsync(path, form, DialectsChargeTests.KeyOf(path));

        Assert.Contains("object_not_found", (await (await answer).ErrorAsync(404)).GetRawText(), StringComparison.OrdinalIgnoreCase);
        Assert.Empty(world.Read.OpenHolds(null));
    }

    [Theory]
    [InlineData("gpt-4o", false)]
    [InlineData("openai/gpt-4o-2024-08-06", false)]
    [InlineData("models/gemini-2.5-flash", false)]
    [InlineData("meta-llama/Llama-3.3-70B-Instruct:free", false)]
    [InlineData("@cf/meta/llama-3", false)]
    [InlineData("anthropic.claude-sonnet-4-5-v1:0", false)]
    [InlineData("accounts/fireworks/models/llama", false)]
    [InlineData("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude", false)]
    [InlineData(Tuned, true)]
    [InlineData("FT:gpt-4o", true)]
    [InlineData("openai/ft:gpt-4o", true)]
    [InlineData("davinci:ft-acme-2023-01-01", true)]
    [InlineData("accounts/acme/models/llama", true)]
    [InlineData("/Accounts/acme/models/llama", true)]
    [InlineData("accounts/", true)]
    [InlineData("fireworks_ai/accounts/acme/deployedModels/x", true)]
    [InlineData("accounts/fireworks/models/llama#accounts/acme/deployments/1", true)]
    [InlineData("arn:aws:bedrock:us-east-1:123456789012:custom-model/x", true)]
    [InlineData("bedrock/arn:aws-us-gov:bedrock:us-east-1:1:provisioned-model/x", true)]
    [InlineData("arn:aws:bedrock:us-east-1", true)]
    [InlineData("projects/p/locations/l/publishers/google/models/gemini", true)]
    [InlineData("models/../tunedModels/x", true)]
    [InlineData("models\\..\\tunedModels\\x", true)]
    [InlineData("@preset/mine", true)]
    [InlineData("openai/gpt-4o@preset/mine", true)]
    public void The_name_of_a_model_says_whether_it_exists_in_one_account_only(string model, bool expected) =>
    Assert.Equal(expected, PrivateModel.IsPrivate(model));

    [Theory]
    [InlineData("https://ours.openai.azure.com/openai/v1", true)]
    [InlineData("https://ours.cognitiveservices.azure.com./openai/v1", true)]
    [InlineData("https://ours.openai.azure.com/openai/deployments/four", false)]
    [InlineData("https://api.openai.com/v1", false)]
    public void At_Azure_every_model_is_a_deployment_unless_the_address_has_it(string address, bool expected) =>
    Assert.Equal(expected, PrivateModel.AreDeployments(new(address)));

    [Fact]
    public async Task A_tuned_model_is_served_where_the_configuration_shares_or_offers_it_or_the_account_is_the_orgs_own()
    {
        await using var provider = await DialectsComplaintTests.AnsweringAsync("application/json", Answer);
        Func<ServerOptions, ServerOptions>[] ways =
        [
            options => options with { Models = [],
                Providers = [options.Providers[0] with { ApiKeyByOrg = options.Providers[0].ApiKeyByOrg.Add(World.Org, "sk-of-acme") }] },
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
            "/v1/chat/completions/chatcmpl_1", "/v1/conversations", "/v1/conversations/conv_1/items", "/v1/vector_stores", "/v1/vector_stores/vs_1/search",
            "/v1/containers/cntr_1/files", "/v1/assistants",
            "/v1/threads/thread_1/messages", "/v1/fine_tuning/jobs", "/v1/uploads", "/v1/evals", "/v1/videos", "/v1/realtime/sessions", "/v1/skills",
            "/v1/anthropic/v1/skills", "/v1beta/cachedContents",
            "/v1beta/tunedModels/theirs:generateContent", "/v1beta/models/..%2FtunedModels%2Ftheirs:generateContent", "/v1beta/corpora",
            "/v1beta/fileSearchStores", "/v1beta/files", "/v1/responses/resp_theirs/unknown",
        ];
        foreach (var path in paths)
        {
            using var answer = await world.PostAsync(path, "{}", DialectsChargeTests.KeyOf(path));
            Assert.True((int)answer.StatusCode is 400 or 404 or 405, $"{path}: {(int)answer.StatusCode}");
        }

        Assert.Empty(seen);
    }
}
