using Tieout.Core;
using Tieout.Core.Attribution;
using Tieout.Core.Attribution.Audit;
using Tieout.Core.Ledger;
using Tieout.Server.Attribution;
using Tieout.Server.Tests.Attribution;
using Tieout.Storage;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Verification;

namespace Tieout.Server.Tests.Reconciliation.Faults;

/// <summary>Defects of lineages planted in copies of a busy store: the audit finds all of them and nothing else, on both stores.</summary>
public sealed class LineageFaultTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static readonly EnvelopeSecret Secret = EnvelopeSecretFile.Parse(EnvelopeWorld.SecretText);

    // Goal: precision and recall of 1 for every kind of defect, alone and all together, and none on a clean store. Method: each is
    // planted in rows and sealed, as
    // a bug in the writer would have left them; what the audit finds is compared by code, org and difference.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A1_A2_every_planted_defect_of_a_lineage_is_found_and_nothing_else(bool isPostgres)
    {
        var busy = await BusyStore.MakeAsync();
        try
        {
            await RoundAsync(busy, isPostgres, [], "nothing planted");
            if (!isPostgres)
            {
                foreach (var (name, plant) in Kinds) await RoundAsync(busy, isPostgres, [plant], name);
            }

            await RoundAsync(busy, isPostgres, [.. Kinds.Select(kind => kind.Plant)], "all kinds");
        }
        finally
        {
            busy.Delete(recursive: true);
        }
    }

    // Goal: hours that were audited before what came later are looked at again, and the rest is not. Method: the busy store is audited in three pieces; then
    // each defect is recorded after them, and an audit that trusts the pieces which still stand says what an audit of all rows says.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A1_A2_Q3_what_an_audit_settled_stands_until_a_later_step_touches_it(bool isPostgres)
    {
        var busy = await BusyStore.MakeAsync();
        try
        {
            IReadOnlyList<AuditedSpan> spans = [];
            await WithCopyAsync(busy, isPostgres, [], async (opened, keys, cuts, _) =>
                spans = await SpansAsync(opened, keys, [.. cuts.SkipLast(1), new(cuts[^1].UnixMicros - 1)]));
            Assert.Contains(spans, span => span.Lines.Values.Any(line => line.Line.Whole > 0));
            foreach (var (name, plant) in Kinds.Where(kind => Later.Contains(kind.Name)))
            {
                await WithCopyAsync(busy, isPostgres, [plant], async (opened, keys, _, planted) =>
                {
                    var touched = await opened.Read.TouchedAsync(spans, spans[^1].Through, Stop);
                    Assert.True(touched.Count < spans.Count, name);
                    var all = await AuditAsync(opened, keys, []);
                    Assert.Equal(Text(planted), Text(Of(all)));
                    Assert.Equal($"{name}\n{Shown(all)}", $"{name}\n{Shown(await AuditAsync(opened, keys, [.. spans.Except(touched)]))}");
                });
            }
        }
        finally
        {
            busy.Delete(recursive: true);
        }
    }

    /// <summary>What writes no row of before.</summary>
    private static readonly string[] Later =
    [
        "charged without a step", "another text of the envelope", "a foreign key acted", "a second envelope", "a retry that the executor's org paid for",
        "sent, and nothing came of it",
    ];

    private static readonly (string Name, Func<FaultyFile, KeyRing, Found> Plant)[] Kinds =
    [
        ("charged without a step", (file, _) =>
        {
            var from = file.Take("gateway");
            var usage = file.NewUsage();
            file.Copy("usage", "seq", from, ("seq", $"{usage}"), ("id", $"x'{file.NewId():N}'"), ("occurred_at", "occurred_at + 1"), ("recorded_at", $"{file.RecordedAt}"));
            file.Copy("postings", "usage_seq", from, ("seq", $"{file.NewPosting()}"), ("usage_seq", $"{usage}"));
            return new("lineage_missing", "acme", file.Number($"SELECT charge FROM usage WHERE seq = {from}"));
        }),
        ("a step was changed", (file, _) =>
        {
            var usage = file.Take("gateway");
            file.Execute($"UPDATE lineage SET target = 'openai/other' WHERE seq = {StepOf(file, usage)}");
            return new("lineage_broken", "acme", file.Number($"SELECT charge FROM usage WHERE seq = {usage}"));
        }),
        ("another text of the envelope", (file, keys) =>
        {
            var step = Add(file, keys, Tail(file), hop => hop with { Id = "hop-other-text" });
            file.Execute($"UPDATE lineage SET token_sha256 = zeroblob(32) WHERE seq = {step}");
            return new("lineage_broken", "acme", null);
        }),
        ("a foreign key acted", (file, keys) =>
        {
            Add(file, keys, Tail(file), hop => hop with { Executor = "key-beta" });
            return new("foreign_executor", "acme", null);
        }),
        ("a second envelope", (file, keys) =>
        {
            Add(file, keys, Tail(file), hop => hop, issuance: "issued-again");
            return new("envelope_reissued", "acme", null);
        }),
        ("another tenant's", (file, _) =>
        {
            var usage = file.Take("gateway");
            Charge(file, usage, "beta", "key-beta", accounts: 4);
            return new("identity_rebind", "beta", file.Number($"SELECT charge FROM usage WHERE seq = {usage}"));
        }),
        ("a retry that the executor's org paid for", RetriedByExecutor),
        ("sent, and nothing came of it", (file, _) =>
        {
            file.AddAttempt();
            return new("missing_usage", "acme", null);
        }),
    ];

    private static Task RoundAsync(DirectoryInfo busy, bool isPostgres, Func<FaultyFile, KeyRing, Found>[] plants, string name) =>
        WithCopyAsync(busy, isPostgres, plants, async (opened, keys, cuts, planted) =>
        {
            var report = await AuditAsync(opened, keys, []);
            var found = Of(report);
            Assert.True(
                Text(planted) == Text(found),
                $"{name}\nplanted:\n{Text(planted)}\nfound:\n{Text(found)}\n\n{string.Join('\n', report.Findings.Select(finding => $"{finding.Id}: {finding.Cause}"))}");
            Assert.Equal(0, report.More);
            Assert.All(report.Lines.Where(_ => planted.Count == 0), line => Assert.Equal((line.Key, line.Value.Operations), (line.Key, line.Value.Whole)));

            var spans = await SpansAsync(opened, keys, cuts);
            Assert.Equal($"{name}\n{Shown(report)}", $"{name}\n{Shown(await AuditAsync(opened, keys, spans))}");
            Assert.Equal($"{name}\n{Shown(report)}", $"{name}\n{Shown(await AuditAsync(opened, keys, [spans[1]]))}");
        });

    private static async Task WithCopyAsync(
        DirectoryInfo busy, bool isPostgres, Func<FaultyFile, KeyRing, Found>[] plants,
        Func<ILedger, KeyRing, Instant[], IReadOnlyList<Found>, Task> look)
    {
        var folder = Directory.CreateTempSubdirectory("tieout-lineage-").FullName;
        try
        {
            File.Copy(Path.Combine(busy.FullName, "tieout.db"), Path.Combine(folder, "tieout.db"));
            var planted = new List<Found>();
            KeyRing keys;
            Instant[] cuts;
            using (var file = new FaultyFile(Path.Combine(folder, "tieout.db"), new Random(5), []))
            {
                keys = LineageCheck.Keys(new SqliteTables(file.File), Secret)!;
                foreach (var plant in plants) planted.Add(plant(file, keys));
                file.Seal();
                cuts = [Instant.UnixEpoch, CutAt(file, 1), CutAt(file, 2), new(file.RecordedAt + 1)];
            }

            await using (var ledger = SqliteLedger.Open(folder)) await ledger.FlushAsync();
            IFaultyStore store = isPostgres ? await FaultyDatabase.MoveAsync(folder) : new FaultyFolder(folder);
            await using var opened = await store.OpenAsync();
            await look(opened, keys, cuts, planted);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A third of the commits, or two, come before it.</summary>
    private static Instant CutAt(FaultyFile file, int thirds) =>
        new(file.Number($"SELECT recorded_at FROM chain WHERE commit_no = (SELECT max(commit_no) * {thirds} / 3 FROM chain)"));

    private static Task<LineageReport> AuditAsync(ILedger opened, KeyRing keys, IReadOnlyList<AuditedSpan> spans) =>
        opened.Read.AuditLineageAsync(Query(Instant.UnixEpoch, new(long.MaxValue), keys) with { Spans = spans }, Stop);

    private static async Task<IReadOnlyList<AuditedSpan>> SpansAsync(ILedger opened, KeyRing keys, Instant[] cuts)
    {
        var spans = new List<AuditedSpan>();
        foreach (var (from, to) in cuts.Zip(cuts.Skip(1))) spans.Add(await opened.Read.AuditSpanAsync(Query(from, to, keys), Stop));
        return spans;
    }

    private static LineageQuery Query(Instant from, Instant to, KeyRing keys) =>
        new(Org: null, from, to, keys, Instant.From(DateTimeOffset.UtcNow), new HashSet<Core.Metering.AttemptId>());

    private static IReadOnlyList<Found> Of(LineageReport report) =>
        [.. report.Findings.Select(finding => new Found(finding.Code.Name, finding.Scope.Org, (long?)finding.Difference?.Nanos))];

    private static string Shown(LineageReport report)
    {
        var lines = report.Lines.OrderBy(line => line.Key, StringComparer.Ordinal).Select(line =>
            $"{line.Key}: operations {line.Value.Operations}, whole {line.Value.Whole}, attempts {line.Value.Attempts}, hops {line.Value.Hops}, "
            + $"by others {line.Value.ByOthers} {line.Value.ChargedByOthers}, charged {line.Value.Charged}, in doubt {line.Value.InDoubt}, unchecked {line.Value.Unchecked}");
        return $"{Text(Of(report))}\n{string.Join('\n', lines)}\nsample of {report.Sample?.Steps.Count(step => step.IsAttempt)}, {report.IsAtLeast}, {report.More}";
    }

    private static string Text(IEnumerable<Found> all) =>
        string.Join('\n', all.Select(one => $"{one.Code} {one.Org} {one.Difference}").Order(StringComparer.Ordinal));

    /// <summary>The worker acted for acme in op-1; its org's own key goes on with op-1 under an envelope of its own org.</summary>
    private static Found RetriedByExecutor(FaultyFile file, KeyRing keys)
    {
        var like = file.Number("SELECT u.seq FROM usage u JOIN lineage l ON unhex(replace(l.id, '-', '')) = u.id WHERE l.operation_id = 'op-1' AND l.org = 'acme' LIMIT 1");
        var (usage, id) = (file.NewUsage(), file.NewId());
        var at = file.RecordedAt;
        file.Copy("usage", "seq", like, ("seq", $"{usage}"), ("id", $"x'{id:N}'"), ("occurred_at", $"{at}"), ("recorded_at", $"{at}"));
        file.Copy("postings", "usage_seq", like, ("seq", $"{file.NewPosting()}"), ("usage_seq", $"{usage}"));
        Charge(file, usage, "platform", "worker-7", accounts: 8);
        var first = Sealing.Rows(
            file.File, $"SELECT {RowReads.LineageColumns} FROM lineage WHERE operation_id = 'op-1' AND org = 'acme' ORDER BY seq LIMIT 1", RowReads.Lineage)[0];
        Add(file, keys, first with { Org = "platform" }, step => step with { Kind = LineageKind.Attempt, Id = id.ToString(), Executor = "worker-7" },
            issuance: "of-the-platform");
        return new("retry_rebound", "platform", file.Number($"SELECT charge FROM usage WHERE seq = {usage}"));
    }

    private static void Charge(FaultyFile file, long usage, string org, string key, int accounts)
    {
        var no = file.NewLabels();
        file.Copy("attributions", "no", file.Number($"SELECT attribution FROM usage WHERE seq = {usage}"), ("no", $"{no}"), ("org", $"'{org}'"), ("key", $"'{key}'"));
        file.Execute($"UPDATE usage SET attribution = {no} WHERE seq = {usage}");
        file.Execute(
            $"UPDATE postings SET debit = debit + {accounts}, credit = credit + {accounts} WHERE seq = (SELECT min(seq) FROM postings WHERE usage_seq = {usage} AND kind = 3)");
    }

    private static long StepOf(FaultyFile file, long usage) =>
        file.Number($"SELECT l.seq FROM lineage l JOIN usage u ON unhex(replace(l.id, '-', '')) = u.id WHERE u.seq = {usage}");

    /// <summary>The last step of an operation of acme's whose usage no other fault has.</summary>
    private static LineageEntry Tail(FaultyFile file)
    {
        var seq = StepOf(file, file.Take("gateway"));
        return Sealing.Rows(file.File, $"SELECT {RowReads.LineageColumns} FROM lineage WHERE seq = {seq}", RowReads.Lineage)[0];
    }

    /// <summary>One more step of an operation, a hop unless <paramref name="change"/> makes it another, rightly linked.</summary>
    private static long Add(FaultyFile file, KeyRing keys, LineageEntry after, Func<LineageStep, LineageStep> change, string? issuance = null)
    {
        var key = keys.Find(after.KeyId)!.Lineage!;
        var step = change(new(LineageKind.Hop, $"hop-{file.NewId():n}", after.Row.Step.AttemptNo, "key-1", "a-queue", new(file.RecordedAt)));
        var previous = issuance is null ? after.Row.Link : Lineage.Root(key, issuance, after.TokenSha256);
        var row = Lineage.Append(key, issuance ?? after.Row.Issuance, previous, issuance is null ? after.Row.No + 1 : 1, step);
        var seq = file.NewLineage();
        file.Execute($"""
            INSERT INTO lineage VALUES ({seq}, '{after.Org}', '{after.OperationId}', '{row.Issuance}', {row.No}, '{after.KeyId}',
            x'{Convert.ToHexString(after.TokenSha256)}', {(int)step.Kind}, '{step.Id}', {step.AttemptNo}, '{step.Executor}', '{step.Target}', {step.At.UnixMicros},
            x'{Convert.ToHexString(row.Link)}', 0)
            """);
        return seq;
    }

    private readonly record struct Found(string Code, string Org, long? Difference);
}
