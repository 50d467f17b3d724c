using Anthropic;
using OpenAI;
using OpenAI.Batch;
using OpenAI.Responses;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Simulator.Tests.Provider;

namespace Tieout.Server.Tests.Gateway.DialectsClients;

/// <summary>The providers' own clients, pointed at a <see cref="World"/>'s gateway with nothing changed but address and key.</summary>
internal static class ClientWorld
{
    public static Uri Root(this World world) => new(world.Server.Urls.First());

    public static OpenAIClient OpenAi(this World world, params (string Name, string Value)[] headers) =>
        OfficialClients.OpenAi(world.Root(), World.Secret, 0, headers);

    public static ResponsesClient Responses(this World world, params (string Name, string Value)[] headers) =>
        OfficialClients.Responses(world.Root(), World.Secret, headers);

    public static BatchClient Batches(this World world, params (string Name, string Value)[] headers) =>
        OfficialClients.Batches(world.Root(), World.Secret, headers);

    public static AnthropicClient Anthropic(this World world, params (string Name, string Value)[] headers) =>
        OfficialClients.Anthropic(world.Root(), World.Secret, headers);

    /// <summary>The ledger has exactly these charges, in any order, the balance has moved by them, and nothing is held.</summary>
    public static async Task<IReadOnlyList<UsageRow>> ChargedAsync(this World world, params string[] charges)
    {
        // The last of a stream's bytes goes out once its usage is durable, which is not when the commit is seen.
        var rows = await world.UsageAsync();
        Assert.Equal(charges.Select(Amount.Parse).Order(), rows.Select(row => row.Charge).Order());
        await world.TiesOutAsync();
        return rows;
    }
}
