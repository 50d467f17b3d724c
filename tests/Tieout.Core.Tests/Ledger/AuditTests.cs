using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Ledger;

/// <summary>Every command of a person leaves one record, in the write set that carries it out.</summary>
public sealed class AuditTests
{
    private readonly MemoryLedger _ledger = new();

    [Fact]
    public void U1_done_unchanged_and_refused_each_leave_one_record_in_the_commit_of_the_command()
    {
        _ledger.Submit(Make.OpenOrg());
        foreach (var (amount, outcome) in new[] { (5L, "done"), (5L, "unchanged"), (6L, "refused:id_reused") })
        {
            var commits = _ledger.Chain.Count;
            _ledger.Submit(Make.Asked(Make.TopUp(amount)));
            Assert.Equal(commits + 1, _ledger.Chain.Count);
            Assert.Equal(outcome, _ledger.Audit[^1].Outcome);
        }

        Assert.Equal([1, 2, 3], _ledger.Audit.Select(row => row.Seq));
        var done = _ledger.Audit[0];
        Assert.Equal(("acme", "tok_ana", "203.0.113.9", "curl/8"), (done.Org, done.Actor.Id, done.Actor.Address, done.Actor.Agent));
        Assert.Equal("""{"balance":"0"}""", done.Before);
        Assert.Equal("""{"kind":"top_up","org":"acme","id":"t1","amount":"0.000000005"}""", done.After);
        Assert.Equal("""{"balance":"0.000000005"}""", _ledger.Audit[1].Before);
        Assert.Single(_ledger.Postings);
    }

    [Fact]
    public void U1_a_command_that_nobody_asked_for_leaves_no_record()
    {
        _ledger.Submit(Make.OpenOrg());
        Assert.IsType<Outcome.Done>(_ledger.Submit(Make.TopUp(5)));
        Assert.Empty(_ledger.Audit);
        Assert.Equal(0, _ledger.Book.Last.Audit);
    }

    [Fact]
    public void U1_before_and_after_of_a_setting_are_recorded_without_what_identifies_a_secret()
    {
        _ledger.Submit(Make.OpenOrg());
        Command Key(string hash, bool blocked) =>
            Make.Asked(new Command.Record(SettingKind.Key, "acme", "key_1",
                $$$"""{"id":"key_1","secret_sha256":"{{{hash}}}","blocked":{{{(blocked ? "true" : "false")}}},"terms":{"previous_sha256":"{{{hash}}}"}}""",
                Once: false));
        _ledger.Submit(Key("aaaa", blocked: false));
        _ledger.Submit(Key("bbbb", blocked: true));
        Assert.Equal(("""{"id":"key_1","blocked":false,"terms":{}}""", """{"id":"key_1","blocked":true,"terms":{}}"""),
            (_ledger.Audit[1].Before, _ledger.Audit[1].After));
    }

    // Method: the members by reflection, so that a new hash of a secret is asked here, too.
    [Fact]
    public void U1_hashes_of_secrets_are_left_out_at_any_depth_also_in_a_command_inside_another()
    {
        _ledger.Submit(Make.OpenOrg());
        var hashes = new[] { typeof(ApiKey), typeof(KeyTerms), typeof(RoleToken) }.SelectMany(type => type.GetProperties())
            .Where(property => property.Name.EndsWith("Sha256", StringComparison.Ordinal))
            .Select(property => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name)).Distinct().ToList();
        Assert.Equal(["previous_sha256", "secret_sha256"], hashes.Order(StringComparer.Ordinal));
        var members = string.Join(",", hashes.Select(name => $"\"{name}\":\"aaaa\""));
        var body = $$$"""{"id":"key_1",{{{members}}},"terms":{"lists":[[{{{{members}}}}],"x"],"sha256":"of content"}}""";

        _ledger.Submit(Make.Asked(new Command.Together("acme", [new Command.Record(SettingKind.Key, "acme", "key_1", body, Once: false), Make.Budget(5)])));

        var after = _ledger.Audit[^1].After!;
        Assert.DoesNotContain("aaaa", after, StringComparison.Ordinal);
        foreach (var kept in (string[])["key_1", "of content", "set_budget", "limit_nanos"]) Assert.Contains(kept, after, StringComparison.Ordinal);
    }

    [Fact]
    public void U1_content_above_8_KiB_is_recorded_by_its_length_and_hash()
    {
        _ledger.Submit(Make.Asked(new Command.Record(SettingKind.PriceList, "", "list@1", $$"""{"x":"{{new string('x', 9_000)}}"}""", Once: true)));
        Assert.StartsWith("""{"bytes":9008,"sha256":""", Assert.Single(_ledger.Audit).After, StringComparison.Ordinal);
    }
}
