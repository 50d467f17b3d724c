using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tieout.Server.Gateway.References;
using Tieout.Server.Tests.BadInput;

namespace Tieout.Server.Tests.Gateway.Crossing;

/// <summary>Names that a client chose and a provider remembers by account: an org that chooses another's name gets another's neither cache nor reputation.</summary>
public sealed partial class ClientNamesTests
{
    private const string Name = "chosen \"name\"";
    private const string Answer = """{"id":"x","model":"gpt-4o","choices":[],"output":[],"content":[],"data":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"input_tokens":1,"output_tokens":1}}""";

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"gpt-4o","messages":[],"prompt_cache_key":%}""", 1)]
    [InlineData("/v1/chat/completions", """{"model":"gpt-4o","stream":true,"messages":[],"user":%,"Safety_Identifier":%,"prompt_cache_key":%,"max_tokens":9}""", 3)]
    [InlineData("/v1/responses", """{"prompt_cache_key":%,"model":"gpt-4o","input":"Hi","safety_identifier":%}""", 2)]
    [InlineData("/v1/embeddings", """{"model":"text-embedding-3-small","input":"Hi","user":%}""", 1)]
    [InlineData("/v1/messages", """{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[],"metadata":{"user_id":%}}""", 1)]
    [InlineData("/v1/messages/batches", """{"requests":[{"custom_id":"a","params":{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[],"metadata":{"user_id":%}}}]}""", 1)]
    public async Task A_name_leaves_bound_to_its_org_where_orgs_share_the_account(string path, string body, int names)
    {
        await using var provider = RawProvider.Start();
        await using var world = await StartAsync(provider);
        body = body.Replace("%", JsonSerializer.Serialize(Name), StringComparison.Ordinal);

        foreach (var secret in (string[])[World.Secret, World.Secret, CrossingWorld.OtherSecret]) (await world.PostAsync(path, body, $"{DialectsChargeTests.KeyOf(path).Split(' ')[0]} {Bearer(path)}{secret}")).Dispose();

        Assert.Equal(3, provider.Requests.Count);
        var sent = provider.Requests.ConvertAll(request => Bound().Matches(request).Select(match => match.Value).ToList());
        Assert.All(sent, one => Assert.Equal(names, one.Count));
        Assert.Equal(sent[0], sent[1]);
        Assert.Empty(sent[0].Intersect(sent[2]));
        Assert.Equal(ClientName.Bind(World.Org, Name), sent[0][0]);
        Assert.All(provider.Requests, request => Assert.DoesNotContain("chosen", request, StringComparison.Ordinal));
        foreach (var request in provider.Requests) JsonDocument.Parse(request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]).Dispose();
    }

    [Fact]
    public async Task Lines_of_batches_and_parts_of_forms_are_bound_too()
    {
        await using var provider = RawProvider.Start();
        await using var world = await StartAsync(provider);
        using var form = new MultipartFormDataContent { { new ByteArrayContent(new byte[100]), "image[]", "a.png" }, { new StringContent("gpt-image-1"), "model" }, { new StringContent("Hi"), "prompt" }, { new StringContent("chosen"), "user" } };

        (await world.UploadAsync(BatchesWorld.Line("a", more: ",\"prompt_cache_key\":\"chosen\""))).Dispose();
        (await world.PostAsync("/v1/images/edits", form, DialectsChargeTests.KeyOf("images"))).Dispose();

        Assert.Equal(2, provider.Requests.Count);
        Assert.All(provider.Requests, request => Assert.Contains(ClientName.Bind(World.Org, "chosen"), request, StringComparison.Ordinal));
        Assert.All(provider.Requests, request => Assert.DoesNotContain("chosen", request, StringComparison.Ordinal));
    }

    [Fact]
    public async Task In_an_account_of_the_orgs_own_a_name_leaves_as_it_is()
    {
        await using var provider = RawProvider.Start();
        provider.Answer = [RawProvider.Http("application/json", Encoding.ASCII.GetBytes(Answer))];
        await using var world = await World.StartAsync(providerUrl: provider.Url, change: options => options with
        {
            Providers = [options.Providers[0] with { ApiKeyByOrg = options.Providers[0].ApiKeyByOrg.Add(World.Org, "sk-of-acme") }],
        });

        (await world.PostAsync("/v1/chat/completions", """{"model":"gpt-4o","messages":[],"user":"chosen","prompt_cache_key":"chosen too"}""", DialectsChargeTests.KeyOf(""))).Dispose();
        (await world.UploadAsync(BatchesWorld.Line("a", more: ",\"user\":\"chosen\""))).Dispose();

        Assert.Contains("\"user\":\"chosen\",\"prompt_cache_key\":\"chosen too\"", provider.Requests[0], StringComparison.Ordinal);
        Assert.Contains("\"user\":\"chosen\"", provider.Requests[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model":"gpt-4o","messages":[],"prompt_cache_key":7}""")]
    [InlineData("""{"model":"gpt-4o","messages":[],"Prompt_Cache_Key":["chosen"]}""")]
    [InlineData("""{"model":"gpt-4o","messages":[],"safety_identifier":{"id":"chosen"}}""")]
    public async Task A_name_that_is_no_text_is_refused(string body)
    {
        await using var provider = RawProvider.Start();
        await using var world = await StartAsync(provider);

        await (await world.PostAsync("/v1/chat/completions", body, DialectsChargeTests.KeyOf(""))).ErrorAsync(400);

        Assert.Empty(provider.Requests);
    }

    private static async Task<World> StartAsync(RawProvider provider)
    {
        provider.Answer = [RawProvider.Http("application/json", Encoding.ASCII.GetBytes(Answer))];
        var world = await DialectsWorld.StartAsync(providerUrl: provider.Url);
        await world.AddOtherAsync();
        return world;
    }

    private static string Bearer(string path) => DialectsChargeTests.KeyOf(path).Contains("Bearer", StringComparison.Ordinal) ? "Bearer " : "";

    [GeneratedRegex("tieout-[0-9a-f]{32}(?=\"|\r)")]
    private static partial Regex Bound();
}
