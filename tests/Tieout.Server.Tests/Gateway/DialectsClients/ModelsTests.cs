using System.ClientModel;
using OpenAI.Models;

namespace Tieout.Server.Tests.Gateway.DialectsClients;

/// <summary>The list of models, and one of them, by the official clients, in each one's own form.</summary>
public sealed class ModelsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OpenAIs_client_lists_models_and_finds_one()
    {
        await using var world = await DialectsWorld.StartAsync();
        var client = world.OpenAi().GetOpenAIModelClient();

        OpenAIModelCollection models = await client.GetModelsAsync(Stop);
        OpenAIModel one = await client.GetModelAsync("cheap", Stop);
        var none = await Assert.ThrowsAsync<ClientResultException>(() => client.GetModelAsync("nobody", Stop));

        Assert.Contains(models, model => model.Id == "claude-sonnet-4-5");
        Assert.Equal(("cheap", "sim"), (one.Id, one.OwnedBy));
        Assert.Equal(404, none.Status);
    }

    [Fact]
    public async Task Anthropics_client_lists_models_and_finds_one()
    {
        await using var world = await DialectsWorld.StartAsync();

        var page = await world.Anthropic().Models.List(null, Stop);
        var one = await world.Anthropic().Models.Retrieve("helper", null, Stop);

        Assert.Contains(page.Items, model => model.ID == "claude-sonnet-4-5");
        Assert.Equal("helper", one.ID);
    }

    [Theory]
    [InlineData("/v1beta/models", "models/gemini-2.5-flash")]
    [InlineData("/v1/gemini/v1beta/models/gemini-2.5-flash", "models/gemini-2.5-flash")]
    [InlineData("/v1/anthropic/v1/models/helper", "\"type\":\"model\"")]
    [InlineData("/v1/openai/models/gpt-4o", "\"object\":\"model\"")]
    [InlineData("/v1/openai/v1/models", "\"object\":\"list\"")]
    public async Task Each_dialects_address_answers_in_its_form(string path, string says)
    {
        await using var world = await DialectsWorld.StartAsync();

        Assert.Contains(says, await world.Http.GetStringAsync(new Uri(path, UriKind.Relative), Stop), StringComparison.Ordinal);
    }
}
