using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Tests.Postgres;

/// <summary>Whatever is changed in the database behind the ledger's back, <c>verify</c> finds it and names the row (L8).</summary>
public sealed class PostgresVerificationTests
{
    private static readonly FakeClock Clock = new();

    public static TheoryData<string, string, string> Damages { get; } = new()
    {
        { "UPDATE usage SET output_tokens = output_tokens + 1 WHERE seq = 1", "L8", "usage 1 (" },
        { "UPDATE postings SET amount = amount + 1 WHERE seq = 2", "L8", "postings 2 is not as it was written" },
        { "UPDATE postings SET reason = 'x' WHERE seq = 2", "L8", "postings 2 is not as it was written" },
        { "DELETE FROM holds WHERE seq = 1", "L8", "holds 1" },
        { "DELETE FROM postings WHERE seq = (SELECT max(seq) FROM postings)", "L8", "is missing" },
        { "UPDATE settings SET body = replace(body, '400', '900') WHERE kind = 1", "L8", "settings" },
        { "UPDATE chain SET hash = decode(repeat('00', 32), 'hex') WHERE commit_no = 3", "L8", "chain 3" },
        { "DELETE FROM chain WHERE commit_no = (SELECT max(commit_no) FROM chain)", "L8", "heads 0 says that the chain ends at commit" },
        { "UPDATE heads SET last_usage = 99 WHERE bucket = 0", "L8", "heads 0" },
        { "UPDATE accounts SET debits = debits + 5 WHERE no = 1", "L4", "accounts 1" },
        { "UPDATE accounts SET held = held + 5 WHERE no = 1", "L5", "accounts 1" },
        { "UPDATE windows SET posted = posted + 1", "B2", "windows" },
        { "UPDATE cells SET charge = charge + 1", "cells", "its rows come to " },
        { "UPDATE outbox SET body = 'x' WHERE seq = 1", "L8", "outbox 1" },
        { "UPDATE lineage SET executor = 'other' WHERE seq = 1", "L8", "lineage 1 (issuance i-1, no. 1) is not as it was written" },
        { "UPDATE lineage SET executor = 'other' WHERE seq = 1", "A1", "lineage 1: the links of issuance i-1 do not hold from no. 1 on (Changed)" },
        { "UPDATE audit SET actor = 'other' WHERE seq = 1", "L8", "audit 1 (POST /orgs/{org}/topups by other) is not as it was written" },
        { "DELETE FROM audit WHERE seq = 1", "L8", "audit 1 is missing" },
        { "UPDATE records SET body = '{}' WHERE seq = 1", "L8", "records 1 (Evidence ev_1) is not as it was written" },
        { "DELETE FROM records WHERE seq = 1", "L8", "records 1 is missing" },
        { "DELETE FROM lineage WHERE seq = 1", "A1", "lineage 2: no. 2 of issuance i-1, where no. 1 should be" },
        { "DELETE FROM usage_ids WHERE seq = 1", "L8", "usage 1 is missing" },
        { "UPDATE usage_ids SET id = gen_random_uuid() WHERE seq = 1", "L8", "usage 1 is missing" },
        { "UPDATE usage_ids SET recorded_at = recorded_at + 1 WHERE seq = 1", "L8", "usage 1 is missing" },
        { "INSERT INTO usage_ids VALUES (0, gen_random_uuid(), 9, 0)", "L8", "usage_ids: 4 ids count for 3 usage records" },
        { "UPDATE objects SET org = 'beta' WHERE seq = 1", "L8", "objects 1" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task L8_a_change_behind_the_ledgers_back_is_found_and_named(string damage, string check, string names)
    {
        var store = PostgresServer.Instance.NewDatabase();
        await WriteAsync(store);
        PostgresVerified.Clean(store);
        PostgresServer.Instance.Sql(new Uri(store).AbsolutePath[1..], damage);
        var report = await PostgresVerification.RunAsync(store, Make.EnvelopeSecret, cancellationToken: TestContext.Current.CancellationToken);
        Assert.False(report.Ok);
        Assert.Contains(report.Checks.Single(found => found.Id == check).Rows, row => row.Contains(names, StringComparison.Ordinal));
    }

    private static async Task WriteAsync(string store)
    {
        await using var ledger = await PostgresLedger.OpenAsync(store, buckets: 1, LedgerWriter.BatchMax, Clock);
        var first = Make.Step(previous: null);
        Command Step(int id, LineageAppend step) =>
            new Command.PlaceHold(
                new AttemptId(new Guid(id, 0, 0, new byte[8])), Make.Labels(), null, "op17", Amount.Zero, TimeSpan.FromHours(1))
            { Lineage = step };
        Command[] commands =
        [
            Make.OpenOrg(), Make.TopUp(300), Make.Budget(400), Make.Charge(1, 40, at: Clock.Now), Make.Charge(2, 30, Make.Labels(team: "red"), "u1", Clock.Now),
            new Command.PlaceHold(new AttemptId(new Guid(3, 0, 0, new byte[8])), Make.Labels(), null, "op3", new(5), TimeSpan.FromMinutes(1)),
            Make.Charge(4, 290, at: Clock.Now, fact: true), new Command.KeepObject(Make.Object("resp_1")), Make.Asked(Make.TopUp(1, "asked")),
            new Command.Record(SettingKind.EnvelopeKey, "", "ek_1",
                new EnvelopeKey("ek_1", EnvelopeKey.Hs256, EnvelopeKeyState.Active, Make.EnvelopeSecret.Check("ek_1"), default).ToJson(), Once: false),
            Step(0x11, first), Step(0x12, Make.Step(first.Row)), new Command.AddRecord(RecordKind.Evidence, "acme", "ev_1", """{"seen":1}""", Once: true),
        ];
        foreach (var command in commands) Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(command, TestContext.Current.CancellationToken));
    }
}
