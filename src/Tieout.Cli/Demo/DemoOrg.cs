using Tieout.Core.Budgets;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Budgets;
using Tieout.Server.Ledger;
using Tieout.Server.Tenancy;
using Tieout.Simulator.Replay;

namespace Tieout.Cli.Demo;

/// <summary>The org that the demo shows: three teams with a key each, and budgets of which one is too small.</summary>
internal sealed class DemoOrg
{
    public const string Id = "demo";

    /// <summary>Of each ten requests: who asks for what. The large models are what fills budgets.</summary>
    private static readonly (int Share, string Team, string Model, string Feature)[] Traffic =
    [
        (4, "search", "gpt-4o-mini", "answer"),
        (3, "assistant", "gpt-4o", "chat"),
        (2, "research", "gpt-4o", "summarize"),
        (1, "assistant", "gpt-4.1", "agent"),
    ];

    private readonly Dictionary<string, string> _keys = [];

    private DemoOrg() { }

    /// <summary>Models the gateway has to offer for it.</summary>
    public static IEnumerable<string> Models => Traffic.Select(part => part.Model).Distinct();

    /// <summary>A key's secret, for the reader's own requests.</summary>
    public string AnyKey => _keys["assistant"];

    /// <summary>Makes all of it through the API, as any client would.</summary>
    public static async Task<DemoOrg> CreateAsync(ApiClient api, CancellationToken cancellationToken)
    {
        var json = ApiClient.Json;
        var demo = new DemoOrg();
        await api.SendAsync(HttpMethod.Post, "orgs", new NewOrgBody(Id, "USD", BillingMode.Prepaid), json.NewOrgBody, json.OrgBody, cancellationToken);
        await api.SendAsync(
            HttpMethod.Post, $"orgs/{Id}/topups", new TopUpBody(Dollars("200"), "demo-topup"), json.TopUpBody, json.MoneyBody, cancellationToken);
        await api.SendAsync(
            HttpMethod.Post, $"orgs/{Id}/grants", new GrantBody(Dollars("5"), "demo-welcome"), json.GrantBody, json.MoneyBody, cancellationToken);
        foreach (var team in Traffic.Select(part => part.Team).Distinct())
        {
            await api.SendAsync(HttpMethod.Post, $"orgs/{Id}/teams", new NewUnitBody(team), json.NewUnitBody, json.UnitBody, cancellationToken);
            var key = await api.SendAsync(HttpMethod.Post, $"orgs/{Id}/keys", new NewKeyBody(team), json.NewKeyBody, json.MadeKeyBody, cancellationToken);
            demo._keys[team] = key.Key;
        }

        SetBudgetBody[] budgets =
        [
            new(WindowUnit.Day, Dollars("100"), Hard: true),
            new(WindowUnit.Day, Dollars("1"), Hard: true, Team: "research"),
            new(WindowUnit.Day, Dollars("25"), Hard: true, Team: "assistant"),
            new(WindowUnit.Month, Dollars("1"), Hard: false, Team: "search"),
        ];
        foreach (var budget in budgets)
        {
            await api.SendAsync(HttpMethod.Put, $"orgs/{Id}/budgets", budget, json.SetBudgetBody, json.BudgetBody, cancellationToken);
        }

        return demo;
    }

    /// <summary>Who sends the n-th request, and what for.</summary>
    public ReplayRequest Shape(TraceRow row, int number)
    {
        var (_, team, model, feature) = Part(number % 10);
        KeyValuePair<string, string>[] tags =
        [
            new("Tieout-Feature", feature), new("Tieout-Project", "web"), new("Tieout-Trigger", number % 13 == 0 ? "retry" : "user"),
            new("Tieout-User", $"user-{number % 97}"),
        ];
        return new(row, tags, _keys[team], model);
    }

    private static (int Share, string Team, string Model, string Feature) Part(int tenth)
    {
        foreach (var part in Traffic)
        {
            if ((tenth -= part.Share) < 0) return part;
        }

        return Traffic[0];
    }

    private static Amount Dollars(string text) => Amount.Parse(text);
}
