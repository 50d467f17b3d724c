using System.Text.RegularExpressions;
using Tieout.Server.Outbox;
using Tieout.Server.Tests.Gateway;
using Tieout.Tests;

namespace Tieout.Server.Tests.Outbox;

/// <summary>A message leads to what it is about, at the address that callers use.</summary>
public sealed partial class MessageLinkTests
{
    private static readonly Uri Public = new("https://tieout.example.com/");

    private const string AdminToken = "admin-token-of-the-tests";

    [Fact]
    public void Every_type_that_the_pages_list_has_a_link_and_none_without_an_address()
    {
        var types = Row().Matches(File.ReadAllText(Repo.Path("docs/howto/webhooks.md")) + File.ReadAllText(Repo.Path("docs/howto/alerts.md")))
            .SelectMany(row => Type().Matches(row.Value.Split('|')[1])).Select(type => type.Groups[1].Value).Where(type => !type.EndsWith('*')).ToList();
        Assert.InRange(types.Count, 15, 100);
        Assert.All(types, type =>
        {
            var org = type.StartsWith("alert.", StringComparison.Ordinal) ? "" : "acme";
            Assert.StartsWith("https://tieout.example.com/api/v1/", MessageLink.Of(Public, type, org, "{}") ?? type, StringComparison.Ordinal);
            Assert.Null(MessageLink.Of(publicUrl: null, type, org, "{}"));
        });
    }

    [Fact]
    public async Task A_link_leads_to_a_resource_of_this_server()
    {
        (string Type, string Org, string Data, string Path)[] messages =
        [
            ("budget.threshold", World.Org, "{}", "/orgs/acme/budgets"),
            ("balance.insufficient", World.Org, "{}", "/orgs/acme/balance"),
            ("finding.opened", World.Org, "{}", "/orgs/acme/findings"),
            ("finding.opened", "", "{}", "/findings"),
            ("invoice.issued", World.Org, "{}", "/orgs/acme/documents"),
            ("period.closed", World.Org, """{"through":"2026-01"}""", "/orgs/acme/invoices/2026-01"),
            ("runtime.retired", World.Org, "{}", "/orgs/acme/runtimes"),
            ("org.opened", World.Org, "{}", "/orgs/acme"),
            ("alert.drift", "", "{}", "/surfaces"),
            ("alert.cost_spike", "", """{"scope":"acme"}""", "/orgs/acme/spike"),
            ("alert.queue_depth", "", "{}", "/health/detail"),
        ];
        await using var world = await World.StartAsync(change: options => options with { AdminToken = AdminToken });
        foreach (var (type, org, data, path) in messages)
        {
            Assert.Equal($"https://tieout.example.com/api/v1{path}", MessageLink.Of(Public, type, org, data));
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1{path}") { Headers = { { "Authorization", $"Bearer {AdminToken}" } } };
            using var answer = await world.Http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.True(
                answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
        }
    }

    [Fact]
    public void A_name_in_a_message_stays_one_part_of_the_path() =>
        Assert.Equal("https://tieout.example.com/api/v1/orgs/acme/runtimes/a%2F..%3Fb",
            MessageLink.Of(Public, "runtime.retired", "acme", """{"app_instance_id":"a/..?b"}"""));

    [GeneratedRegex(@"^\| `.*$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("`([a-z_.*]+)`")]
    private static partial Regex Type();
}
