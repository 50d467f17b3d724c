using System.Net;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Errors;

/// <summary>Each error that the API can answer with, once.</summary>
public sealed class ErrorTests(ErrorTests.Shared shared) : IClassFixture<ErrorTests.Shared>
{
    private const string Budget = """{"window":"day","limit":"1","hard":true}""";

    [Theory]
    [InlineData("POST", "/orgs", """{"id":"acme","asset":"USD","billing":"postpaid"}""", 409, "id_reused")]
    [InlineData("POST", "/orgs", """{"id":"a b","asset":"USD","billing":"prepaid"}""", 400, "name_invalid")]
    [InlineData("POST", "/orgs", """{"id":"a/b","asset":"USD","billing":"prepaid"}""", 400, "name_invalid")]
    [InlineData("POST", "/orgs", """{"id":"b","asset":"usd","billing":"prepaid"}""", 400, "parameter_invalid")]
    [InlineData("POST", "/orgs", """{"id":"b","asset":"USD"}""", 400, "body_malformed")]
    [InlineData("POST", "/orgs", """{"id":"b","asset":"USD","billing":"prepaid","time_zone":"Mars/Olympus"}""", 400, "parameter_invalid")]
    [InlineData("POST", "/orgs", """{"id":"b","asset":"USD","billing":"prepaid","credit_line":"-1"}""", 400, "amount_not_positive")]
    [InlineData("POST", "/orgs", """{"id":"b","asset":"USD","billing":"weekly"}""", 400, "body_malformed")]
    [InlineData("POST", "/orgs", """{"id":"b","asset":"USD","billing":"prepaid","colour":"red"}""", 400, "body_malformed")]
    [InlineData("POST", "/orgs", """{"id":"b",""", 400, "body_malformed")]
    [InlineData("POST", "/orgs", "null", 400, "body_malformed")]
    [InlineData("POST", "/orgs", "[]", 400, "body_malformed")]
    [InlineData("GET", "/orgs/nobody", null, 404, "org_not_found")]
    [InlineData("GET", "/orgs/nobody/balance", null, 404, "org_not_found")]
    [InlineData("POST", "/orgs/nobody/teams", """{"name":"t"}""", 404, "org_not_found")]
    [InlineData("POST", "/orgs/nobody/projects", """{"name":"p"}""", 404, "org_not_found")]
    [InlineData("POST", "/orgs/nobody/keys", "{}", 404, "org_not_found")]
    [InlineData("POST", "/orgs/nobody/topups", """{"id":"x","amount":"1"}""", 404, "org_not_found")]
    [InlineData("PUT", "/orgs/nobody/budgets", Budget, 404, "org_not_found")]
    [InlineData("POST", "/orgs/acme/keys", """{"team":"none"}""", 404, "team_not_found")]
    [InlineData("POST", "/orgs/acme/keys", """{"project":"none"}""", 404, "project_not_found")]
    [InlineData("POST", "/orgs/acme/keys/key_none/block", null, 404, "key_not_found")]
    [InlineData("PUT", "/orgs/acme/budgets", """{"window":"day","limit":"1","hard":true,"team":"none"}""", 404, "team_not_found")]
    [InlineData("PUT", "/orgs/acme/budgets", """{"window":"day","limit":"1","hard":true,"thresholds":[90,50]}""", 400, "budget_invalid")]
    [InlineData("PUT", "/orgs/acme/budgets", """{"window":"day","limit":"-1","hard":true}""", 400, "amount_not_positive")]
    [InlineData("PUT", "/orgs/acme/budgets", """{"window":"day","hard":true}""", 400, "body_malformed")]
    [InlineData("POST", "/orgs/acme/topups", """{"id":"first","amount":"7"}""", 409, "id_reused")]
    [InlineData("POST", "/orgs/acme/grants", """{"id":"g","amount":"7","expires_at":"2020-01-01"}""", 400, "already_expired")]
    [InlineData("POST", "/orgs/acme/grants", """{"id":"g","amount":"7","expires_at":"soon"}""", 400, "parameter_invalid")]
    [InlineData("POST", "/orgs/acme/corrections", """{"id":"c","posting":999,"reason":"none"}""", 404, "posting_not_found")]
    [InlineData("POST", "/orgs/acme/corrections", """{"id":"c","posting":1,"reason":""}""", 400, "parameter_invalid")]
    [InlineData("POST", "/orgs/acme/invoices/2999-01/close", null, 409, "period_not_over")]
    [InlineData("GET", "/orgs/acme/invoices/2026-13", null, 400, "parameter_invalid")]
    [InlineData("GET", "/orgs/acme/invoices/2026-11?format=pdf", null, 400, "parameter_invalid")]
    [InlineData("GET", "/orgs/acme/usage?form=csv", null, 400, "parameter_invalid")]
    [InlineData("GET", "/orgs/acme/usage?limit=0", null, 400, "parameter_invalid")]
    [InlineData("GET", "/orgs/acme/usage?cursor=abc", null, 400, "parameter_invalid")]
    [InlineData("GET", "/orgs/acme/usage?from=yesterday", null, 400, "parameter_invalid")]
    [InlineData("GET", "/orgs/acme/usage?from=2026-02-01&to=2026-01-01", null, 400, "parameter_invalid")]
    [InlineData("GET", "/orgs/acme/holds?state=lost", null, 400, "parameter_invalid")]
    [InlineData("GET", "/orgs/acme/operations/none", null, 404, "operation_not_found")]
    [InlineData("GET", "/operations/none", null, 404, "operation_not_found")]
    [InlineData("GET", "/prices/openai/no-such-model", null, 404, "price_not_found")]
    [InlineData("POST", "/prices?format=genai-prices&effective=2026-12-01", "{}", 400, "price_list_invalid")]
    [InlineData("POST", "/prices?format=genai-prices&effective=soon", "[]", 400, "parameter_invalid")]
    [InlineData("POST", "/prices?format=xml", "[]", 400, "parameter_invalid")]
    [InlineData("PUT", "/orgs/acme/price-policy", """{"markup":"-1"}""", 400, "parameter_invalid")]
    [InlineData("PUT", "/orgs/acme/price-policy", """{"unknown_model":"free"}""", 400, "parameter_invalid")]
    [InlineData("GET", "/nothing/here", null, 404, "not_found")]
    [InlineData("DELETE", "/orgs/acme", null, 405, "method_not_allowed")]
    public async Task Every_error_has_its_status_and_code(string method, string path, string? body, int status, string code)
    {
        var before = State();

        using var response = await shared.World.SendAsync(new HttpMethod(method), path, body);

        Assert.Equal(code, await ApiWorld.CodeAsync(response, (HttpStatusCode)status));
        Assert.Equal(before, State());

        // Not the audit, which records refusals, too.
        (Core.Money.Amount?, Core.Money.Amount?, int, long) State()
        {
            var read = shared.World.Ledger.Read;
            var settings = read.Settings;
            return (read.Balance("acme")?.Balance, read.Balance("acme")?.Held, settings.Count, settings.Max(row => row.Seq));
        }
    }

    [Theory]
    [InlineData("\"-1\"", "amount_not_positive")]
    [InlineData("\"0\"", "amount_not_positive")]
    [InlineData("\"9000000000.000000001\"", "amount_too_large")]
    [InlineData("\"9223372036.854775808\"", "amount_too_large")]
    [InlineData("\"99999999999999999999999999999999999\"", "amount_invalid")]
    [InlineData("\"0.0000000001\"", "amount_invalid")]
    [InlineData("\"1e3\"", "amount_invalid")]
    [InlineData("\"1,000\"", "amount_invalid")]
    [InlineData("\" 1\"", "amount_invalid")]
    [InlineData("\"\"", "amount_invalid")]
    [InlineData("\"NaN\"", "amount_invalid")]
    [InlineData("1", "amount_invalid")]
    [InlineData("null", "amount_invalid")]
    [InlineData("{}", "amount_invalid")]
    public async Task An_amount_that_cannot_be_meant_is_refused_and_moves_nothing(string amount, string code)
    {
        using var response = await shared.World.SendAsync(HttpMethod.Post, "/orgs/acme/topups", $$"""{"id":"bad","amount":{{amount}}}""");

        Assert.Equal(code, await ApiWorld.CodeAsync(response, HttpStatusCode.BadRequest));
        Assert.Equal("1000", (await shared.World.GetAsync("/orgs/acme/balance")).GetProperty("posted").GetString());
    }

    [Fact]
    public async Task An_unknown_member_is_refused_by_its_name()
    {
        await using var world = await ApiWorld.StartAsync();
        using var response = await world.SendAsync(HttpMethod.Post, "/orgs/acme/topups", """{"id":"x","amount":"1","amonut":"2"}""");
        Assert.Contains("amonut", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused_unread()
    {
        await using var world = await ApiWorld.StartAsync();
        using var response = await world.SendAsync(HttpMethod.Post, "/orgs/acme/topups", new string(' ', 70_000));
        Assert.Equal("body_too_large", await ApiWorld.CodeAsync(response, HttpStatusCode.RequestEntityTooLarge));
    }

    [Fact]
    public async Task A_store_that_is_down_is_said_to_be_and_asking_again_is_safe()
    {
        await using var world = await ApiWorld.StartAsync();
        world.Ledger.Broken = _ => true;
        using (var response = await world.SendAsync(HttpMethod.Post, "/orgs/acme/topups", """{"id":"x","amount":"1"}"""))
        {
            Assert.Equal("store_unavailable", await ApiWorld.CodeAsync(response, HttpStatusCode.ServiceUnavailable));
        }

        world.Ledger.Broken = null;
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/topups", """{"id":"x","amount":"1"}""");
        Assert.Equal("1001", (await world.GetAsync("/orgs/acme/balance")).GetProperty("posted").GetString());
    }

    [Fact]
    public async Task A_posting_is_corrected_once_and_only_if_it_is_of_a_kind_that_can_be()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/grants", """{"id":"g","amount":"5"}""");
        await world.OkAsync(HttpMethod.Post, "/orgs/acme/corrections", """{"id":"c1","posting":1,"new_amount":"900","reason":"typed wrong"}""");

        using var twice = await world.SendAsync(HttpMethod.Post, "/orgs/acme/corrections", """{"id":"c2","posting":1,"reason":"again"}""");
        Assert.Equal("posting_reversed", await ApiWorld.CodeAsync(twice, HttpStatusCode.Conflict));
        using var grant = await world.SendAsync(HttpMethod.Post, "/orgs/acme/corrections", """{"id":"c3","posting":2,"reason":"no"}""");
        Assert.Equal("posting_not_correctable", await ApiWorld.CodeAsync(grant, HttpStatusCode.Conflict));
        using var tooMuch =
            await world.SendAsync(HttpMethod.Post, "/orgs/acme/corrections", """{"id":"c1","posting":1,"new_amount":"901","reason":"typed wrong"}""");
        Assert.Equal("id_reused", await ApiWorld.CodeAsync(tooMuch, HttpStatusCode.Conflict));
        Assert.Equal("905", (await world.GetAsync("/orgs/acme/balance")).GetProperty("posted").GetString());
    }

    [Fact]
    public async Task A_top_up_cannot_be_taken_back_once_it_is_spent()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.ChargeAsync("600");
        using var response = await world.SendAsync(HttpMethod.Post, "/orgs/acme/corrections", """{"id":"c1","posting":1,"reason":"bounced"}""");
        Assert.Equal("insufficient_balance", await ApiWorld.CodeAsync(response, HttpStatusCode.PaymentRequired));
    }

    /// <summary>One server for whole tables: what is refused changes nothing.</summary>
    public sealed class Shared : IAsyncLifetime
    {
        internal ApiWorld World { get; private set; } = null!;

        public async ValueTask InitializeAsync() => World = await ApiWorld.StartAsync();

        public ValueTask DisposeAsync() => World.DisposeAsync();
    }
}
