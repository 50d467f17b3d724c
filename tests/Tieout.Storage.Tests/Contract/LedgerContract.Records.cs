using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Core.Tests.Ledger;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Records in every store: what happened, appended and read by query.</summary>
public abstract partial class LedgerContract
{
    // Goal: a record governs nothing. Method: records between charges in one list, and the settings that readers had before them.
    [Fact]
    public async Task A_record_is_decided_with_others_and_leaves_the_settings_and_their_version_untouched()
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        var (version, settings, commit) = (ledger.Read.SettingsVersion, ledger.Read.Settings, ledger.Health.Commit);
        var outcomes = await ledger.SubmitAsync(
            [Make.Charge(1, 10, at: Clock.Now), Seen("a", "{}"), Make.Charge(2, 10, at: Clock.Now), Seen("b", "{}"), Seen("b", """{"n":1}""")], Cancel);
        Assert.All(outcomes, outcome => Assert.IsType<Outcome.Done>(outcome));
        Assert.Equal((version, commit + 1), (ledger.Read.SettingsVersion, ledger.Health.Commit));
        Assert.Same(settings, ledger.Read.Settings);
        await ledger.DisposeAsync();
        AssertVerified();
    }

    [Fact]
    public async Task L3_the_same_record_again_is_a_replay_and_other_content_under_a_name_taken_once_is_a_conflict()
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Seen("many", """{"n":1}"""), Cancel));
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Seen("once", """{"n":1}""", once: true), Cancel));
        await ledger.DisposeAsync();
        ledger = Open(fresh: false);

        var commit = ledger.Health.Commit;
        Assert.IsType<Outcome.Replayed>(await ledger.SubmitAsync(Seen("many", """{"n":1}"""), Cancel));
        Assert.IsType<Outcome.Replayed>(await ledger.SubmitAsync(Seen("once", """{"n":1}""", once: true), Cancel));
        Assert.Equal(Refusal.IdReused, Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(Seen("once", """{"n":2}""", once: true), Cancel)).Reason);
        Assert.Equal(commit, ledger.Health.Commit);
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Seen("many", """{"n":2}"""), Cancel));

        // Only the newest counts: what stood before it is no replay.
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Seen("many", """{"n":1}"""), Cancel));
        Assert.Equal("""{"n":1}""", (await ledger.Read.RecordAsync(new(RecordKind.Incident, "acme", "many"), Cancel))!.Body);
        Assert.Null(await ledger.Read.RecordAsync(new(RecordKind.Evidence, "acme", "many"), Cancel));
        Assert.Null(await ledger.Read.RecordAsync(new(RecordKind.Incident, "", "many"), Cancel));
        await ledger.DisposeAsync();
        AssertVerified();
    }

    [Fact]
    public async Task Pages_have_the_newest_record_of_each_name_once_in_the_order_of_orgs_and_names()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        foreach (var (org, name, body) in new[] { ("beta", "INV-2", "1"), ("acme", "b", "1"), ("acme", "B", "1"), ("", "z", "1"), ("acme", "INV-10",
            "1"), ("acme", "b", "2"), ("acme", "INV-9", "1"), ("", "z", "3") })
        {
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Seen(name, body, org: org), Cancel));
        }

        await ledger.SubmitAsync(new Command.AddRecord(RecordKind.Evidence, "acme", "other", "{}", Once: true), Cancel);
        string[] all = ["/z=3", "acme/B=1", "acme/INV-10=1", "acme/INV-9=1", "acme/b=2", "beta/INV-2=1"];
        Assert.Equal(all, await PagedAsync(org: null));
        Assert.Equal(all[1..5], await PagedAsync("acme"));
        Assert.Equal(all[..1], await PagedAsync(""));
        Assert.Equal(all[2..4], (await ledger.Read.AllRecordsAsync(RecordKind.Incident, "acme", "INV-", Cancel).ToListAsync(Cancel)).Select(Shown));

        // One name, in every org that has it and for the platform, the newest each.
        foreach (var (org, body) in new[] { ("beta", "1"), ("", "2"), ("acme", "3"), ("beta", "4") }) Assert.IsType<Outcome.Done>(
            await ledger.SubmitAsync(Seen("same", body, org: org), Cancel));
        Assert.Equal(["/same=2", "acme/same=3", "beta/same=4"], (await ledger.Read.RecordsNamedAsync(RecordKind.Incident, "same", Cancel)).Select(Shown));
        Assert.Empty(await ledger.Read.RecordsNamedAsync(RecordKind.Evidence, "same", Cancel));

        async Task<List<string>> PagedAsync(string? org)
        {
            var rows = new List<RecordRow>();
            while (await ledger.Read.RecordsAsync(RecordKind.Incident, org, rows.Count == 0 ? null : rows[^1].Key, 2, Cancel) is { Count: > 0 } page)
            {
                rows.AddRange(page);
            }

            return [.. rows.Select(Shown)];
        }

        static string Shown(RecordRow row) => $"{row.Org}/{row.Name}={row.Body}";
    }

    // Goal: the list of open findings is one query, and has each open finding once. Method: a run's finding that is opened, closed and opened again; one that
    // stays closed; two that
    // the ledger opened, one of them closed by a record, one twice for the same attempt; one that has no id of its own. Pages of one and of all say the same.
    [Fact]
    public async Task R1_open_findings_are_listed_once_each_by_their_newest_row()
    {
        await using var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        foreach (var (name, state) in new[] { ("thing-1", "open"), ("thing-2", "open"), ("thing-1", "ended"), ("thing-1", "open"), ("thing-2",
            "corrected") }) await StateAsync(name, state);
        await StateAsync("note", "open", """{"cause":"x"}""");
        foreach (var usage in (int[])[71, 72]) await ledger.SubmitAsync(Make.Charge(usage, 5_000, at: Clock.Now, fact: true), Cancel);
        Clock.Now += TimeSpan.FromSeconds(1);
        await StateAsync(Finding.IdOf(FindingCode.Overrun, "acme", Finding.UsageKey(Make.Id(71))), "accepted");

        string[] open = [$"overrun {Make.Id(72)}", "thing note", "thing thing-1"];
        Assert.Equal(open, (await ledger.Read.FindingsAsync(new("acme", Code: null, Before: null, 10, Open: true), Cancel)).Select(Shown));
        Assert.Equal(open[1..], (await ledger.Read.FindingsAsync(new(Org: null, "thing", Before: null, 10, Open: true), Cancel)).Select(Shown));
        var (paged, before) = (new List<string>(), (RowPlace?)null);
        while (await ledger.Read.FindingsAsync(new("acme", Code: null, before, 1, Open: true), Cancel) is [var one])
        {
            paged.Add(Shown(one));
            before = one.Place;
        }

        Assert.Equal(open, paged);

        async Task StateAsync(string name, string state, string? detail = null)
        {
            var record = new Command.AddRecord(RecordKind.Finding, "acme", name, $$"""{"id":"{{name}}","state":"{{state}}"}""", Once: false)
            {
                Announcement = state == "open" ? new(Finding: new(new FindingCode("thing", "low"), detail), OnChangeOf: "state") : null,
            };
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(record, Cancel));
            Clock.Now += TimeSpan.FromSeconds(1);
        }

        static string Shown(StoredFinding stored) =>
            $"{stored.Row.Code} {stored.Row.Attempt?.ToString() ?? (stored.Row.Detail.Contains("cause", StringComparison.Ordinal) ? "note" : Finding.IdOf(stored.Row))}";
    }

    [Fact]
    public async Task U1_a_sum_that_a_person_moved_alone_is_known_after_a_restart()
    {
        var ledger = Open(fresh: true);
        await BeginAsync(ledger);
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.Asked(Make.TopUp(300, "first"), above: 500), Cancel));
        await ledger.DisposeAsync();
        ledger = Open(fresh: false);
        var outcomes = await ledger.SubmitAsync([Make.Asked(Make.TopUp(200, "second"), above: 500), Make.Asked(Make.TopUp(1, "third"), above: 500)], Cancel);
        Assert.IsType<Outcome.Done>(outcomes[0]);
        Assert.IsType<Outcome.Proposed>(outcomes[1]);
        await ledger.DisposeAsync();
        AssertVerified();
    }

    private static Command.AddRecord Seen(string name, string body, bool once = false, string org = "acme") => new(RecordKind.Incident, org, name, body, once);
}
