using System.Globalization;
using System.Net;
using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Metering;

/// <summary>The report of distributions against the rows.</summary>
public sealed class DistributionTests
{
    private static readonly Instant Begin = Instant.From(new(2025, 11, 3, 0, 0, 0, TimeSpan.Zero));

    private static readonly int[] Percents = [5, 50, 95, 99];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // Goal: the report is what the rows come to, within the error that it states. Method: random attempts of two orgs, some of them refused and some corrected;
    // each group's quantiles and users against the sorted rows, when the follower has counted half of them and when all. In Kolkata days begin within an hour.
    [Theory]
    [InlineData("UTC")]
    [InlineData("Asia/Kolkata")]
    public async Task Quantiles_and_users_are_what_the_rows_come_to_within_the_stated_error(string zone)
    {
        await using var world = await ApiWorld.StartAsync();
        var random = new Random(zone.Length);
        foreach (var org in (string[])["org-1", "org-2"])
        {
            Assert.IsType<Outcome.Done>(await world.Ledger.SubmitAsync(new Command.OpenOrg(new(org, "USD", BillingMode.Postpaid, null, zone)), Stop));
        }

        for (var round = 0; round < 2; round++)
        {
            await world.Ledger.SubmitAsync([.. Enumerable.Range(0, 600).Select(_ => Attempt(random))], Stop);
            for (var posting = 1; posting < 9; posting++)
            {
                await world.Ledger.SubmitAsync(new Command.Correct($"c{round}-{posting}", "org-1", posting, new Amount(posting), "checked"), Stop);
            }

            await AssertAsync(world, zone);
            while (!(await world.Ledger.Follower.StepAsync(Stop)).IsCurrent)
            {
            }

            await AssertAsync(world, zone);
        }
    }

    [Fact]
    public async Task More_users_than_are_counted_one_by_one_are_estimated_and_the_answer_says_so()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.Ledger.SubmitAsync([.. Enumerable.Range(0, 3_000).Select(user => Attempt("acme", "chat", "m", 10, 5, 200, $"user-{user}", Begin))], Stop);
        string[] args = ["distributions", "--org", "acme", "--from", "2025-11-03", "--to", "2025-11-04"];
        var total = (await world.RunAsync([.. args, "--json"])).Json.GetProperty("total");
        Assert.False(total.GetProperty("end_users_exact").GetBoolean());
        var users = total.GetProperty("end_users").GetInt64();
        Assert.InRange(users, 2_800, 3_200);

        var table = (await world.RunAsync(args)).Out.Split('\n');
        Assert.Matches($"^chat +m +3000 +10 +10 +10 +10 +5 +5 +5 +5 +~{users}$", table[1]);
        Assert.Matches($"^total +3000 +10 .* ~{users}$", table[2]);
        Assert.Contains("acme, 2025-11-03T00:00:00Z to 2025-11-04T00:00:00Z excluded", table[3], StringComparison.Ordinal);
        Assert.Contains("within 0.79 %. Users with a ~ are an estimate, standard error 1.63 %.", table[4], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attempts_that_used_no_tokens_are_in_no_quantile_and_their_users_are_counted()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.Ledger.SubmitAsync([Attempt("acme", "chat", "m", 0, 0, 503, "ann", Begin), Attempt("acme", "chat", "m", 0, 0, 0, null, Begin)], Stop);
        const string report = "/orgs/acme/usage/distributions?from=2025-11-03&to=2025-11-04";
        var total = (await world.GetAsync(report)).GetProperty("total");
        Assert.Equal((2, 0, 1), (total.GetProperty("attempts").GetInt32(), total.GetProperty("measured").GetInt32(), total.GetProperty("end_users").GetInt32()));
        Assert.Equal(JsonValueKind.Null, total.GetProperty("input_tokens").ValueKind);

        await world.Ledger.SubmitAsync(Attempt("acme", "embed", "m", 70, 0, 200, "ann", Begin), Stop);
        total = (await world.GetAsync(report)).GetProperty("total");
        Assert.Equal((3, 1, 1), (total.GetProperty("attempts").GetInt32(), total.GetProperty("measured").GetInt32(), total.GetProperty("end_users").GetInt32()));
        Assert.Equal((70, 0), (P(total, "input_tokens", 5), P(total, "output_tokens", 99)));
    }

    [Fact]
    public async Task A_key_sees_its_own_org_only()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs", """{"id":"other","asset":"USD","billing":"postpaid"}""");
        await world.ChargeAsync("1.5");
        await world.ChargeAsync("1.5", org: "other");
        var (_, key) = await world.KeyAsync();
        var own = await world.GetAsync("/orgs/acme/usage/distributions?by=org", key);
        Assert.Equal(["acme"], own.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("group").GetProperty("org").GetString()));
        Assert.Equal(100, P(own.GetProperty("total"), "input_tokens", 50));
        using var foreign = await world.SendAsync(HttpMethod.Get, "/orgs/other/usage/distributions", token: key);
        Assert.Equal("org_not_found", await ApiWorld.CodeAsync(foreign, HttpStatusCode.NotFound));
        using var all = await world.SendAsync(HttpMethod.Get, "/usage/distributions", token: key);
        Assert.Equal("forbidden", await ApiWorld.CodeAsync(all, HttpStatusCode.Forbidden));
        var plain = (await world.OkAsync(HttpMethod.Post, "/orgs/acme/keys", "{}")).GetProperty("key").GetString();
        using var unscoped = await world.SendAsync(HttpMethod.Get, "/orgs/acme/usage/distributions", token: plain);
        Assert.Equal("scope_not_allowed", await ApiWorld.CodeAsync(unscoped, HttpStatusCode.Forbidden));
        Assert.Equal(2, (await world.GetAsync("/usage/distributions")).GetProperty("total").GetProperty("end_users").GetInt32());
    }

    [Theory]
    [InlineData("by=user", "'user' is not a dimension of distributions. Use org, hour, project, team, key, feature,")]
    [InlineData("by=model,model", "'model' is given twice.")]
    [InlineData("by=org,hour,team,key,model", "Distributions are grouped by at most 4 dimensions; 5 were given.")]
    [InlineData("from=2025-12-01&to=2025-11-01", "The range from 2025-12-01T00:00:00.000000Z to 2025-11-01T00:00:00.000000Z is empty")]
    [InlineData("from=2025-01-01", "Distributions have at most 93 days. Narrow the range.")]
    [InlineData("group_by=model", "The query parameter 'group_by' is unknown; the known ones are by, from, to.")]
    public async Task A_query_that_is_not_understood_is_refused_with_a_sentence(string query, string said)
    {
        await using var world = await ApiWorld.StartAsync();
        using var answer = await world.SendAsync(HttpMethod.Get, $"/orgs/acme/usage/distributions?{query}");
        Assert.Equal("parameter_invalid", await ApiWorld.CodeAsync(answer, HttpStatusCode.BadRequest));
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Stop));
        Assert.StartsWith(said, problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static async Task AssertAsync(ApiWorld world, string zone)
    {
        foreach (var (from, to) in ((string, string)[])[("2025-11-03", "2025-11-06"), ("2025-11-03T04:10:00Z", "2025-11-04T05:15:07Z")])
        {
            foreach (var by in (string[])["feature,model", "org", "hour,feature", "model,org,hour"])
            {
                foreach (var org in (string?[])["org-1", null])
                {
                    var path = org is null ? "/usage/distributions" : $"/orgs/{org}/usage/distributions";
                    var answer = await world.GetAsync($"{path}?by={by}&from={from}&to={to}");
                    var (begin, end) = (Time(answer, "from"), Time(answer, "to"));
                    Assert.True(from.Contains('T', StringComparison.Ordinal) || org is null || zone == "UTC" || begin.UnixMicros % Instant.MicrosPerHour != 0);
                    var rows = new List<UsageRecord>();
                    foreach (var name in (string[])(org is null ? ["org-1", "org-2"] : [org]))
                    {
                        await foreach (var row in world.Ledger.Read.UsageAsync(new(name, begin, end), Stop)) rows.Add(row.Usage);
                    }

                    var groups = rows.GroupBy(row => string.Join(' ', by.Split(',').Select(name => Value(name, row)))).ToDictionary(group => group.Key);
                    var items = answer.GetProperty("items").EnumerateArray().ToList();
                    Assert.Equal(
                        groups.Keys.Order(StringComparer.Ordinal),
                        items.Select(item => Group(item, by)).Order(StringComparer.Ordinal));
                    foreach (var item in items) AssertLine(item, [.. groups[Group(item, by)]]);
                    AssertLine(answer.GetProperty("total"), rows);
                }
            }
        }
    }

    private static void AssertLine(JsonElement line, List<UsageRecord> rows)
    {
        var counts = rows.Select(row => row.Counts).Where(count => count.InputTokens > 0).ToList();
        Assert.Equal((rows.Count, counts.Count), (line.GetProperty("attempts").GetInt32(), line.GetProperty("measured").GetInt32()));
        var users = rows.Where(row => row.EndUser is not null).Select(row => (row.Labels.Org, row.EndUser)).Distinct().Count();
        Assert.Equal(users, line.GetProperty("end_users").GetInt32());
        Assert.True(line.GetProperty("end_users_exact").GetBoolean());
        foreach (var (name, tokens) in ((string, IEnumerable<long>)[])[("input_tokens", counts.Select(count => count.InputTokens)),
            ("output_tokens", counts.Select(count => count.OutputTokens))])
        {
            long[] sorted = [.. tokens.Order()];
            if (sorted.Length == 0) Assert.Equal(JsonValueKind.Null, line.GetProperty(name).ValueKind);
            else Assert.All(Percents, percent =>
            {
                var exact = sorted[(percent * sorted.Length + 99) / 100 - 1];
                Assert.InRange(P(line, name, percent), exact - exact / 128, exact + exact / 128);
            });
        }
    }

    private static long P(JsonElement line, string tokens, int percent) =>
        line.GetProperty(tokens).GetProperty(string.Create(CultureInfo.InvariantCulture, $"p{percent}")).GetInt64();

    private static Instant Time(JsonElement answer, string name) =>
        Instant.From(DateTimeOffset.Parse(answer.GetProperty(name).GetString()!, CultureInfo.InvariantCulture));

    private static string Group(JsonElement item, string by) =>
        string.Join(' ', by.Split(',').Select(name => item.GetProperty("group").GetProperty(name).GetString() ?? "-"));

    private static string Value(string name, UsageRecord row) => name switch
    {
        "org" => row.Labels.Org,
        "hour" => row.OccurredAt.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:00'Z'", CultureInfo.InvariantCulture),
        "feature" => row.Labels.Feature ?? "-",
        _ => row.Labels.Model ?? "-",
    };

    private static Command.Charge Attempt(Random random)
    {
        string? Any(params string?[] names) => names[random.Next(names.Length)];
        var isRefused = random.Next(6) == 0;
        return Attempt(
            random.Next(2) == 0 ? "org-1" : "org-2", Any("chat", "search", null), Any("gpt-4o", "claude")!,
            isRefused ? 0 : (long)Math.Pow(10, 6 * random.NextDouble()), isRefused ? 0 : random.Next(3_000), isRefused ? 429 : 200,
            random.Next(5) == 0 ? null : $"user-{random.Next(80)}",
            Begin + TimeSpan.FromSeconds(random.Next(3 * 24 * 3_600)));
    }

    private static Command.Charge Attempt(string org, string? feature, string model, long input, long output, int status, string? user, Instant at)
    {
        var labels = new UsageLabels { Org = org, Feature = feature, Provider = "p", Model = model, Source = UsageSource.Gateway };
        var usage = new UsageRecord(
            new AttemptId(Guid.CreateVersion7()), labels, "op", 1, null, null, null, user, at, 12, status, new(input, 0, 0, output, 0), UsageBasis.Reported,
            UsageFlags.None);
        return new(new(usage, null, new(5), new(5)), Fact: true);
    }
}
