using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Tieout.Core.Guard;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Tests.Http;
using Tieout.Storage;
using Tieout.Storage.Sqlite;

namespace Tieout.Server.Tests.Cli;

/// <summary><c>archive detach</c>: shows a plan, carries it out when it is named, and asks for a second person where approvals are set.</summary>
public sealed class ArchiveDetachCommandTests : IDisposable
{
    private const string Cut = "2020-04";

    private readonly string _folder = Directory.CreateTempSubdirectory("tieout-test-").FullName;
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Data => Path.Combine(_folder, "data");

    private string Archive => Path.Combine(_folder, "archive");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_plan_is_shown_first_and_carried_out_when_it_is_named()
    {
        await LiveAsync();
        var shown = await DetachAsync();
        Assert.Equal(0, shown.ExitCode);
        Assert.Contains("The rows of 2020-03 would go. Nothing was removed yet.", shown.Out, StringComparison.Ordinal);
        var id = (await DetachAsync("--json")).Json.GetProperty("plan").GetString()!;
        Assert.Contains($"--plan {id}", shown.Out, StringComparison.Ordinal);
        Assert.Equal((3, "[store_unavailable]"), Ended(await DetachAsync("--plan", "0123456789abcdef")));

        var done = await DetachAsync("--plan", id);
        Assert.Equal((0, ""), (done.ExitCode, done.Error));
        Assert.Contains("Detached 0 usage records, 2 postings and 0 holds", done.Out, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("verify", "--data", Data)).ExitCode);
        Assert.Equal(0, (await RunAsync("verify", "--archive", Archive, "--data", Data)).ExitCode);
        var again = await DetachAsync("--plan", id, "--json");
        Assert.Equal((0, 0), (again.ExitCode, again.Json.GetProperty("removed_rows").GetInt64()));
        Assert.Equal(1, (await DetachAsync()).ExitCode);
        Assert.Equal((3, "[store_unavailable]"), Ended(await RunAsync("rebuild", "derived", "--data", Data)));
        Assert.Equal(0, (await RunAsync("rebuild", "derived", "--data", Data, "--archive", Archive)).ExitCode);
        await using var ledger = SqliteLedger.Open(Data);
        Assert.Equal("archive-detach", (await AuditAsync(ledger)).Actor.Id);
    }

    [Fact]
    public async Task Where_approvals_are_set_two_administrators_agree()
    {
        await LiveAsync();
        var config = Path.Combine(_folder, "tieout.yaml");
        await File.WriteAllTextAsync(config, "approvals:\n  above:\n    USD: 100\n", Cancel);
        var id = (await DetachAsync("--json")).Json.GetProperty("plan").GetString()!;
        string[] carriedOut = ["--plan", id, "--config", config];

        Assert.Equal((2, "[approval_required]"), Ended(await DetachAsync(carriedOut)));
        _variables["TIEOUT_TOKEN"] = "secret of ana";
        Assert.Equal((2, "[approval_required]"), Ended(await DetachAsync(carriedOut)));
        foreach (var refused in (string[])["secret of old", "secret of eve", "no secret"])
        {
            _variables["TIEOUT_SECOND_TOKEN"] = refused;
            Assert.Equal((2, "[approval_required]"), Ended(await DetachAsync(carriedOut)));
        }

        _variables["TIEOUT_SECOND_TOKEN"] = "another of ana";
        Assert.Equal((2, "[proposal_own]"), Ended(await DetachAsync(carriedOut)));
        _variables["TIEOUT_SECOND_TOKEN"] = "secret of ben";
        Assert.Equal(0, (await DetachAsync(carriedOut)).ExitCode);
        await using var ledger = SqliteLedger.Open(Data);
        var audit = await AuditAsync(ledger);
        Assert.Equal("tok_ana", audit.Actor.Id);
        Assert.Contains("tok_ben", audit.After, StringComparison.Ordinal);
    }

    // Goal: who has the files does not pass by the guard (G1). Method: a policy that only watches the action, then none.
    [Fact]
    public async Task G1_without_a_server_months_stay_where_a_guard_policy_names_the_action()
    {
        await LiveAsync(new Command.Record(
            SettingKind.GuardPolicy, "", "months",
            new GuardPolicy("months", "tieout.archive.*", Irreversible: true, GuardMode.Shadow, SingleUse: false, "", 1, "tok_ana", DateTimeOffset.UnixEpoch).ToJson(),
            Once: false));
        var id = (await DetachAsync("--json")).Json.GetProperty("plan").GetString()!;
        var refused = await DetachAsync("--plan", id);
        Assert.Equal((2, "[guard_asks_server]"), Ended(refused));
        Assert.Contains("'months'", refused.Error, StringComparison.Ordinal);

        await using var world = await ApiWorld.StartAsync(open: () => Task.FromResult<ILedger>(SqliteLedger.Open(Data)));
        (_variables["TIEOUT_URL"], _variables["TIEOUT_TOKEN"]) = (world.Url, ApiWorld.Admin);
        Assert.Equal(0, (await DetachAsync("--plan", id)).ExitCode);
        var hits = await world.GetAsync("/guard/hits?policy=months");
        Assert.Contains("\"shadow_hit", hits.GetRawText(), StringComparison.Ordinal);
    }

    // Goal: what month balances can answer needs no detached row. Method: a journal and an invoice behind the cut, a journal and a document of the month
    // before it.
    [Fact]
    public async Task I2_journals_and_documents_of_an_org_with_detached_months_come_from_their_balances()
    {
        await LiveAsync();
        var id = (await DetachAsync("--json")).Json.GetProperty("plan").GetString()!;
        Assert.Equal(0, (await DetachAsync("--plan", id)).ExitCode);
        await using var world = await ApiWorld.StartAsync(open: () => Task.FromResult<ILedger>(SqliteLedger.Open(Data)));

        using var april = await world.SendAsync(HttpMethod.Get, "/orgs/acme/journal?format=hledger&from=2020-04-05&to=2020-05-01");
        var journal = await april.Content.ReadAsStringAsync(Cancel);
        Assert.Contains("opening balances", journal, StringComparison.Ordinal);
        Assert.Contains("0.000002", journal, StringComparison.Ordinal);
        Assert.Contains("0.000001", journal, StringComparison.Ordinal);
        using var march = await world.SendAsync(HttpMethod.Get, "/orgs/acme/journal?format=hledger&from=2020-03-01");
        Assert.Contains("\"rows_archived\"", await march.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);

        using var issued = await world.SendAsync(HttpMethod.Post, "/orgs/acme/invoices/2020-03/finalise");
        Assert.True(issued.IsSuccessStatusCode, await issued.Content.ReadAsStringAsync(Cancel));
        var checks = (await world.GetAsync("/orgs/acme/documents/verify")).GetRawText();
        Assert.Contains("\"ok\":true", checks, StringComparison.Ordinal);
        Assert.DoesNotContain("\"ok\":false", checks, StringComparison.Ordinal);
    }

    // Goal: the server goes on while months leave, and what was done is in the audit trail. Method: the same command on the folder of a server that runs, then
    // charges, look-ups and verification beside it.
    [Fact]
    public async Task U1_beside_a_server_that_has_the_folder_the_command_asks_the_server()
    {
        await LiveAsync();
        await using var world = await ApiWorld.StartAsync(open: () => Task.FromResult<ILedger>(SqliteLedger.Open(Data)));
        (_variables["TIEOUT_URL"], _variables["TIEOUT_TOKEN"]) = (world.Url, ApiWorld.Admin);
        Assert.Equal("idle", (await world.GetAsync("/archive/detach")).GetProperty("state").GetString());
        var id = (await DetachAsync("--json")).Json.GetProperty("plan").GetString()!;
        var before = (await world.GetAsync("/orgs/acme/balance")).GetProperty("posted").GetString();

        var done = await DetachAsync("--plan", id);
        Assert.Equal((0, ""), (done.ExitCode, done.Error));
        Assert.Contains("Detached 0 usage records, 2 postings and 0 holds", done.Out, StringComparison.Ordinal);
        Assert.Equal("done", (await DetachAsync("--plan", id, "--json")).Json.GetProperty("state").GetString());
        Assert.Equal(before, (await world.GetAsync("/orgs/acme/balance")).GetProperty("posted").GetString());
        await world.ChargeAsync(null);
        using var gone = await world.SendAsync(HttpMethod.Get, "/orgs/acme/journal?format=hledger&from=2020-03-01");
        Assert.Contains("\"rows_archived\"", await gone.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("verify", "--data", Data)).ExitCode);

        var audit = (await world.Ledger.Read.AuditAsync(new(null, null, null, null, null, 100), Cancel)).Where(
            row => row.Row.Action == "POST /archive/detach").ToList();
        Assert.Equal(3, audit.Count);
        Assert.All(audit, row => Assert.Contains(id, row.Row.After, StringComparison.Ordinal));
        Assert.Equal((3, "[detach_failed]"), Ended(await DetachAsync("--plan", "0123456789abcdef")));
        using var missing = await world.SendAsync(
            HttpMethod.Post, "/archive/detach", """{"before":"2020-04","archive":"/no/such/folder","plan":"0123456789abcdef"}""");
        Assert.Equal("parameter_invalid", await ApiWorld.CodeAsync(missing, HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task Where_approvals_are_set_the_server_asks_for_two_administrators()
    {
        await using var world = await ApiWorld.StartAsync(
            options => options with { Approvals = new() { Limits = ImmutableDictionary<string, Amount>.Empty.Add("USD", Amount.Zero) } }, topUpByHand: false);
        var ordered = new List<string>();
        world.Ledger.Detaches = order =>
        {
            ordered.Add(order.Plan);
            throw new InvalidOperationException("A test.");
        };
        var (ana, anew) = (await TokenAsync("admin", "ana"), await TokenAsync("admin", "ana"));
        var (ben, eve) = (await TokenAsync("admin", "ben"), await TokenAsync("finance", "eve"));
        foreach (var (first, second, code) in ((string, string?, string)[])[(ana, null, "approval_required"), (ana, eve, "approval_required"),
            (ana, "no secret", "approval_required"), (ApiWorld.Admin, ben, "approval_required"), (ana, anew, "proposal_own"), (ana, ana, "proposal_own")])
        {
            using var refused = await StartAsync(first, second);
            Assert.Equal(code, await ApiWorld.CodeAsync(refused, HttpStatusCode.Forbidden));
        }

        using var viewer = await StartAsync(eve, ben);
        Assert.Equal("forbidden", await ApiWorld.CodeAsync(viewer, HttpStatusCode.Forbidden));
        Assert.Empty(ordered);
        using var started = await StartAsync(ana, ben);
        Assert.True(started.IsSuccessStatusCode, await started.Content.ReadAsStringAsync(Cancel));
        await Gateway.World.SoonAsync(
            async () => (await world.GetAsync("/archive/detach")).GetProperty("state").GetString() == "failed", "the job ends");
        Assert.Equal(["0123456789abcdef"], ordered);
        var audit = Assert.Single(
            await world.Ledger.Read.AuditAsync(new(null, null, null, null, null, 100), Cancel),
            row => row.Row.Action == "POST /archive/detach" && row.Row.Outcome == "requested").Row;
        Assert.Contains("agreed_by", audit.After, StringComparison.Ordinal);
        Assert.DoesNotContain(ben, audit.ToString(), StringComparison.Ordinal);

        async Task<string> TokenAsync(string role, string name) =>
            (await world.OkAsync(HttpMethod.Post, "/tokens", $$"""{"role":"{{role}}","name":"{{name}}"}""")).GetProperty("token").GetString()!;
        Task<HttpResponseMessage> StartAsync(string first, string? second) => world.SendAsync(
            HttpMethod.Post, "/archive/detach",
            $$"""{"before":"2020-04","archive":"/","plan":"0123456789abcdef"{{(second is null ? "" : $",\"second_token\":\"{second}\"")}}}""", first);
    }

    /// <summary>A ledger with money of March 2020 and tokens of several people, archived.</summary>
    private async Task LiveAsync(Command.Record? setting = null)
    {
        var clock = new SetClock(new(2020, 3, 10, 12, 0, 0, TimeSpan.Zero));
        await using (var ledger = SqliteLedger.Open(Data, clock))
        {
            await DoAsync(ledger, new Command.OpenOrg(new("acme", "USD", BillingMode.Prepaid, null, "UTC")));
            await DoAsync(ledger, new Command.TopUp("t1", "acme", new(1_000)));
            await DoAsync(ledger, new Command.TopUp("t2", "acme", new(1_000)));
            await DoAsync(ledger, Token("tok_ana", "secret of ana", "ana"));
            await DoAsync(ledger, Token("tok_ana2", "another of ana", "ana"));
            await DoAsync(ledger, Token("tok_ben", "secret of ben", "ben"));
            await DoAsync(ledger, Token("tok_eve", "secret of eve", "eve", AdminRole.Finance));
            await DoAsync(ledger, Token("tok_old", "secret of old", "old", revoked: true));
            if (setting is not null) await DoAsync(ledger, setting);
            clock.Now = clock.Now.AddMonths(1);
            await DoAsync(ledger, new Command.ClosePeriod("acme", new Month(2020, 3)));

            // Figures that move in April bring the checkpoint, and so the follower, past March.
            await DoAsync(ledger, new Command.TopUp("t3", "acme", new(1_000)));
            await ledger.FlushAsync();
            while ((await ledger.Follower.StepAsync(Cancel)).Rows > 0)
            {
            }
        }

        Assert.Equal(0, (await RunAsync("archive", "--before", Cut, "--to", Archive, "--data", Data)).ExitCode);
    }

    private static Command.Record Token(string id, string secret, string name, AdminRole role = AdminRole.Admin, bool revoked = false) => new Command.Record(
        SettingKind.AdminToken, "", id,
        new RoleToken(
            id, role, name, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret))), DateTimeOffset.UnixEpoch, null, revoked).ToJson(),
        Once: false);

    private static async Task<AuditRow> AuditAsync(SqliteLedger ledger) =>
        Assert.Single(
            await ledger.Read.AuditAsync(new(null, null, null, null, null, 100), Cancel), stored => stored.Row.Action == "tieout archive detach").Row;

    private static async Task DoAsync(SqliteLedger ledger, Command command) => Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, Cancel));

    private Task<CliRun> DetachAsync(params string[] more) =>
        RunAsync(["archive", "detach", "--before", Cut, "--archive", Archive, "--data", Data, .. more]);

    private Task<CliRun> RunAsync(params string[] args) => CliRun.StartAsync(args, _variables.GetValueOrDefault);

    private static (int ExitCode, string Code) Ended(CliRun run) => (run.ExitCode, run.Error.TrimEnd().Split(' ')[^1]);

    private sealed class SetClock(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
