using FsCheck;
using FsCheck.Fluent;
using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Archive;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;

using Outcome = Tieout.Core.Ledger.Outcome;

namespace Tieout.Storage.Tests.Sqlite;

/// <summary>L8: whatever is changed in the file, verification finds it and names the row; and an untouched file is clean.</summary>
public sealed class VerificationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeClock _clock = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Any_history_verifies_clean() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(15).WithEndSize(90), Prop.ForAll(Histories.Any, steps =>
    {
        var path = _folder.File(Guid.NewGuid().ToString());
        Task.Run(() => RunAsync(path, steps)).GetAwaiter().GetResult();
        Verified.Clean(path);
        return true;
    }));

    public static TheoryData<string, string, string> Damages => new()
    {
        { "UPDATE usage SET output_tokens = output_tokens + 1 WHERE seq = 2", "L8", "usage 2 (00000002-" },
        { "UPDATE usage SET charge = charge - 1 WHERE seq = 1", "M1", "usage 1 (00000001-" },
        { "UPDATE usage SET operation_id = 'op_' || operation_id WHERE seq = 1", "L8", "usage 1 (00000001-" },
        { "UPDATE usage SET recorded_at = recorded_at + 1 WHERE seq = 1", "L8", "usage 1 (00000001-" },
        { "UPDATE usage SET id = zeroblob(3) WHERE seq = 2", "L8", "usage 2 cannot be read" },
        { "DELETE FROM usage WHERE seq = 2", "L8", "usage 2 is missing" },
        { "DELETE FROM usage WHERE seq = (SELECT max(seq) FROM usage)", "L8", "usage 3 is missing" },
        { "UPDATE postings SET amount = amount + 1 WHERE seq = 2", "L8", "postings 2 is not as it was written" },
        { "UPDATE postings SET amount = amount + 1 WHERE seq = 2", "L4", "accounts 1 (acme)" },
        { "UPDATE postings SET credit = debit WHERE seq = 3", "L1", "postings 3" },
        { "UPDATE postings SET usage_seq = 1 WHERE usage_seq = 2", "M1", "postings 3 charges usage 1, which is charged already" },
        { "DELETE FROM postings WHERE seq = 3", "M1", "usage 2 (00000002-" },
        { "INSERT INTO postings SELECT 99, kind, debit, credit, amount, usage_seq, command_id, reverses, reason, effective_at, recorded_at, posting_repair, crc FROM postings WHERE seq = 2", "L8", "postings 99 belongs to no commit" },
        { "UPDATE holds SET amount = amount + 1 WHERE seq = 1", "L8", "holds 1 (00000010-" },
        { "DELETE FROM hold_ends WHERE hold = 1", "L8", "its hash is not that of its rows" },
        { "DELETE FROM hold_ends WHERE hold = 1", "L5", "accounts 1 (acme)" },
        { "UPDATE hold_ends SET state = 1 WHERE hold = 1", "L5", "settled, but attempt 00000010-" },
        { "UPDATE settings SET body = replace(body, '1000', '9000') WHERE kind = 1", "L8", "settings 3 (Budget" },
        { "UPDATE attributions SET team = 'blue' WHERE no = 1", "L8", "attributions 1 is not as it was written" },
        { "UPDATE prices SET body = replace(body, 'test', 'best')", "L8", "prices 1 is not as it was written" },
        { "UPDATE commands SET content = replace(content, '3', '4')", "L8", "commands acme/start" },
        { "UPDATE chain SET hash = zeroblob(32) WHERE commit_no = 2", "L8", "chain 2: its hash" },
        { "UPDATE chain SET recorded_at = recorded_at + 1 WHERE commit_no = 3", "L8", "chain 3: its hash" },
        { "DELETE FROM chain WHERE commit_no = 4", "L8", "chain 4 is missing" },
        { "DELETE FROM chain WHERE commit_no = (SELECT max(commit_no) FROM chain)", "L8", "belongs to no commit" },
        { "UPDATE accounts SET debits = debits + 1 WHERE no = 1", "L4", "accounts 1 (acme)" },
        { "UPDATE accounts SET held = 7 WHERE no = 1", "L5", "accounts 1 (acme): 0.000000007 held" },
        { "DELETE FROM accounts WHERE no = 2", "L4", "accounts 2 (acme) is missing" },
        { "UPDATE windows SET posted = posted + 1 WHERE budget = 1", "B2", "windows" },
        { "DELETE FROM windows WHERE budget = 1", "B2", "is missing" },
        { "UPDATE cells SET output_tokens = 0", "cells", "output_tokens 0, its rows come to " },
        { "UPDATE chain SET last_setting = 0 WHERE commit_no = 7", "L8", "chain says that a commit ends at settings 0" },
        { "UPDATE chain SET last_budget = 9 WHERE commit_no = 7", "L8", "chain 7 says that accounts end at 8 and budgets at 9" },
        { "UPDATE checkpoint SET posting = 1", "file", "checkpoint: it holds postings up to 1" },
        { "UPDATE outbox SET body = 'x' WHERE seq = 1", "L8", "outbox 1" },
        { "UPDATE objects SET org = 'beta' WHERE seq = 1", "L8", "objects 1 (Response resp_1) is not as it was written" },
        { "UPDATE objects SET pending = 0 WHERE seq = 2", "L8", "objects 2 (Response resp_2) is not as it was written" },
        { "DELETE FROM objects WHERE seq = 2", "L8", "objects 2 is missing" },
        { "UPDATE object_ends SET body = '' WHERE object = 1", "L8", "object_ends 1 (resp_1) is not as it was written" },
        { "DELETE FROM object_ends WHERE object = 1", "L8", "its hash is not that of its rows" },
        { "UPDATE lineage SET executor = 'other' WHERE seq = 1", "L8", "lineage 1 (issuance i-1, no. 1) is not as it was written" },
        { "UPDATE lineage SET executor = 'other' WHERE seq = 1", "A1", "lineage 1: the links of issuance i-1 do not hold from no. 1 on (Changed)" },
        { "UPDATE lineage SET link = zeroblob(32) WHERE seq = 2", "A1", "lineage 2: the links of issuance i-1 do not hold from no. 2 on (Changed)" },
        { "UPDATE lineage SET token_sha256 = zeroblob(32) WHERE seq = 2", "A1", "lineage 2: issuance i-1 has another text here" },
        { "DELETE FROM lineage WHERE seq = 1", "L8", "lineage 1 is missing" },
        { "UPDATE audit SET actor = 'other' WHERE seq = 1", "L8", "audit 1 (POST /orgs/{org}/topups by other) is not as it was written" },
        { "UPDATE audit SET outcome = 'done' WHERE seq = 2", "L8", "audit 2" },
        { "DELETE FROM audit WHERE seq = 1", "L8", "audit 1 is missing" },
        { "UPDATE records SET body = '{}' WHERE seq = 1", "L8", "records 1 (Evidence ev_1) is not as it was written" },
        { "DELETE FROM records WHERE seq = 1", "L8", "records 1 is missing" },
        { "DELETE FROM audit WHERE seq = 2", "L8", "audit 2 is missing" },
        { "DELETE FROM lineage WHERE seq = 1", "A1", "lineage 2: no. 2 of issuance i-1, where no. 1 should be" },
        { "UPDATE schema_version SET number = 99 WHERE number = 1", "file", "the file has schema 99" },
        { "UPDATE findings SET severity = 'low' WHERE seq = 1", "L8", "findings 1" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task L8_a_changed_row_is_found_and_named(string damage, string check, string says)
    {
        var path = await SampleAsync();
        Verified.Clean(path);
        using (var file = RawConnection.Open(DataFolder.DatabaseIn(path))) file.Execute(damage);

        var report = SqliteVerification.Run(path, Make.EnvelopeSecret);
        Assert.False(report.Ok);
        Assert.Contains(report.Checks.Single(found => found.Id == check).Rows, row => row.Contains(says, StringComparison.Ordinal));
    }

    // Goal: bytes, not rows. Method: flip one bit of every 97th byte of the file in turn; verification must answer, never throw,
    // and find every flip that changes what any row reads as.
    [Fact]
    public async Task L8_a_flipped_bit_is_found_wherever_it_lies_and_never_crashes()
    {
        var path = await SampleAsync();
        var file = DataFolder.DatabaseIn(path);
        var good = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        var before = Dump(file);
        var clean = Text(SqliteVerification.Run(path));
        var (changed, found) = (0, 0);
        for (var at = 0; at < good.Length; at += 97)
        {
            if (good[at] == 0) continue;
            var bad = (byte[])good.Clone();
            bad[at] ^= 0x04;
            await File.WriteAllBytesAsync(file, bad, TestContext.Current.CancellationToken);
            var isFound = Text(SqliteVerification.Run(path)) != clean;
            var isChanged = Dump(file) != before;
            if (isFound) found++;
            if (!isChanged) continue;
            changed++;
            Assert.True(isFound,
                $"A bit flipped in byte {at} changes a row and is not found: {string.Join(" | ", Dump(file).Split('\n').Except(before.Split('\n')))}; before: {string.Join(" | ", before.Split('\n').Except(Dump(file).Split('\n')))}");
        }

        Assert.True(changed > 20, $"{changed} flips changed a row, {found} were found: too few to mean something.");
    }

    [Fact]
    public void A_folder_without_a_ledger_is_said_to_be_one() =>
        Assert.Contains("no ledger", Assert.Throws<StoreUnavailableException>(() => SqliteVerification.Run(_folder.Path)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_no_database_is_a_finding()
    {
        File.WriteAllText(DataFolder.DatabaseIn(_folder.Path), new string('x', 5_000));
        var report = SqliteVerification.Run(_folder.Path);
        Assert.Contains("tieout.db is damaged", report.Checks.Single(check => check.Id == "file").Rows[0], StringComparison.Ordinal);
    }

    private static string Text(VerificationReport report) =>
        string.Join('\n', report.Checks.Select(check => $"{check.Id} {check.Checked} {check.Broken} {string.Join('|', check.Rows)}"));

    /// <summary>All that the ledger's own tables read as; if they cannot be read, why.</summary>
    private static string Dump(string file)
    {
        try
        {
            using var connection = RawConnection.Open(file, readOnly: true);
            var text = new System.Text.StringBuilder();
            foreach (var table in ArchiveTable.All.Select(table => table.Name))
            {
                using var columns = connection.Prepare($"SELECT count(*) FROM pragma_table_info('{table}')");
                columns.Step();
                var count = (int)columns.Int64(0);
                using var rows = connection.Prepare($"SELECT * FROM {table} NOT INDEXED ORDER BY 1, 2");
                while (rows.Step())
                {
                    for (var column = 0; column < count; column++) text.Append(Convert.ToHexString(rows.Bytes(column))).Append(',');
                    text.Append('\n');
                }
            }

            return text.ToString();
        }
        catch (Exception unreadable) when (unreadable is StoreCorruptException or InvalidOperationException or StoreUnavailableException)
        {
            return unreadable.Message;
        }
    }

    private async Task<string> SampleAsync()
    {
        var path = _folder.File(Guid.NewGuid().ToString());
        await using var ledger = SqliteLedger.Open(path, _clock);
        var red = Make.Labels(team: "red");
        var first = Make.Step(previous: null);
        Command Step(int id, LineageAppend step) =>
            new Command.PlaceHold(new AttemptId(new Guid(id, 0, 0, new byte[8])), red, null, "op17", Amount.Zero, TimeSpan.FromHours(1)) { Lineage = step };
        Command[] commands =
        [
            Make.OpenOrg(), Make.TopUp(300, "start"), Make.OpenOrg("beta"), Make.Budget(1_000),
            Make.Budget(40, window: Core.Budgets.WindowUnit.Hour, hard: false),
            Make.Charge(1, 30, red, at: _clock.Now), Make.Charge(2, 20, red, "u1", _clock.Now),
            new Command.PlaceHold(new AttemptId(new Guid(0x10, 0, 0, new byte[8])), red, null, "op16", new Amount(5), TimeSpan.FromMinutes(1)),
            new Command.Release(new AttemptId(new Guid(0x10, 0, 0, new byte[8]))),
            Make.Charge(3, 290, red, at: _clock.Now, fact: true),
            new Command.Record(SettingKind.EnvelopeKey, "", "ek_1",
                new EnvelopeKey("ek_1", EnvelopeKey.Hs256, EnvelopeKeyState.Active, Make.EnvelopeSecret.Check("ek_1"), default).ToJson(), Once: false),
            Step(0x11, first), Step(0x12, Make.Step(first.Row)),
            new Command.KeepObject(Make.Object("resp_1")), new Command.KeepObject(Make.Object("resp_2")),
            new Command.EndObject("acme", ObjectKind.Response, "resp_1", "{}"),
            new Command.AddRecord(RecordKind.Evidence, "acme", "ev_1", """{"seen":1}""", Once: true),
        ];
        foreach (var command in commands) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, TestContext.Current.CancellationToken));
        Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.Asked(Make.TopUp(1, "asked")), TestContext.Current.CancellationToken));
        Assert.IsType<Outcome.Refused>(await ledger.SubmitAsync(Make.Asked(Make.TopUp(2, "asked")), TestContext.Current.CancellationToken));
        return path;
    }

    private async Task RunAsync(string path, List<Histories.Step> steps)
    {
        var memory = Histories.Begin();
        _clock.Now = memory.Now;
        await using var ledger = SqliteLedger.Open(path, _clock);
        foreach (var command in (Command[])[Make.OpenOrg("acme"), Make.OpenOrg("beta", Core.Tenancy.BillingMode.Postpaid, creditLine: 100),
            Make.TopUp(300, "start")])
        {
            await ledger.SubmitAsync(command);
        }

        foreach (var step in steps)
        {
            memory.Now += TimeSpan.FromSeconds(step.Seconds + 1);
            _clock.Now = memory.Now;
            var command = step.Make(memory);
            memory.Submit(command);
            await ledger.SubmitAsync(command);
        }
    }
}
