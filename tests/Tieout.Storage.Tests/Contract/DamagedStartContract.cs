using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Core.Tests.Ledger;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Any value of any row may be damaged: a start comes up all the same, and says which row it could not load.</summary>
public abstract class DamagedStartContract
{
    /// <summary>Tables whose every row is loaded at a start. Damage in them that cannot be read makes the store read-only.</summary>
    private static readonly string[] Loaded = ["settings", "attributions", "prices", "accounts"];

    /// <summary>Of these, a changed value that can be read is damage too: each row has a checksum, and rows have numbers without gaps.</summary>
    private static readonly string[] Checked = ["settings", "attributions", "prices"];

    internal FakeClock Clock { get; } = new();

    /// <summary>All values of all columns take minutes. Without TIEOUT_LONG=1 every so-many-eth is tried: a number that is no divisor of the tries of a column,
    /// so that each value is tried in some column.</summary>
    internal abstract int Stride { get; }

    private static readonly bool IsLong = Environment.GetEnvironmentVariable("TIEOUT_LONG") == "1";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    internal abstract ILedger Open();

    /// <summary>The closed ledger, recomputed from nothing, is right.</summary>
    internal abstract void AssertVerified();

    /// <summary>The columns of every table of the closed ledger.</summary>
    internal abstract IReadOnlyList<(string Table, string Column)> Columns();

    /// <summary>Puts a value, in SQL, into a column of the first or the last row of a table, past all keys and checks. False: the column's type cannot hold the
    /// value, or there is no row.</summary>
    internal abstract bool TryDamage(string table, string column, string value, bool first);

    /// <summary>Puts the rows of the table back as they were before <see cref="TryDamage"/>.</summary>
    internal abstract void Restore(string table);

    // Goal: a start can always come up, read-only where a row cannot be loaded, and names the row. Method: each column of each table in turn gets values that
    // no program writes: too large,
    // below zero, empty, no JSON, dangling, missing. Then the ledger is opened, read from, written to and closed.
    [Fact]
    public async Task S1_a_start_comes_up_whatever_value_of_whatever_row_is_damaged()
    {
        await MakeRowsOfEveryKindAsync();
        var (turn, tried, readOnly, wrong) = (0, 0, new HashSet<string>(StringComparer.Ordinal), new List<string>());
        foreach (var (table, column) in Columns())
        {
            foreach (var value in (string[])["9223372036854775807", "-1", "77", "'damaged'", "'{}'", "''", "NULL"])
            {
                foreach (var first in (bool[])[true, false])
                {
                    if (!IsLong && turn++ % Stride != 0 && !IsAlwaysTried(table, column, value, first)) continue;
                    if (!TryDamage(table, column, value, first)) continue;
                    tried++;
                    var damage = $"{table}.{column} = {value} in the {(first ? "first" : "last")} row";
                    try
                    {
                        if (await IsReadOnlyAfterStartAsync(wrong, damage)) readOnly.Add(table);
                        else if (Checked.Contains(table)) wrong.Add($"{damage}: the start did not notice it.");
                    }
                    catch (Exception thrown)
                    {
                        wrong.Add($"{damage}: {thrown.GetType().Name}: {thrown.Message} {string.Join(" <", (thrown.StackTrace ?? "").Split('\n').Where(line => line.Contains("Tieout", StringComparison.Ordinal)).Take(6).Select(line => line.Split(" in ")[0].Trim()))}");
                    }

                    Restore(table);
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(tried > (IsLong ? 500 : 40), $"Only {tried} values could be damaged.");
        Assert.Subset(readOnly, new HashSet<string>(Loaded, StringComparer.Ordinal));
        AssertVerified();
    }

    /// <summary>What keeps a start from loading everything, and each fault that was once found.</summary>
    private static bool IsAlwaysTried(string table, string column, string value, bool first) => first && (table, column, value) is
        ("settings", "body" or "org" or "crc" or "name", "'damaged'" or "'{}'" or "77") or ("attributions", "source" or "org", "9223372036854775807" or "-1")
            or ("attributions", "control_plane", "77") or ("prices", "body", "'damaged'")
        or ("accounts", "grants", "'damaged'") or ("heads", "bucket", "77") or ("layout", "buckets", "-1" or "77")
        or ("chain", "last_usage" or "recorded_at", "9223372036854775807") or ("postings", "credit", "77");

    private async Task<bool> IsReadOnlyAfterStartAsync(List<string> wrong, string damage)
    {
        await using var ledger = Open();
        var health = ledger.Health;
        if (health.IsReadOnly
            && (health.Reason is null || !health.Reason.Contains("ow", StringComparison.Ordinal)
                || !health.Reason.Contains("table ", StringComparison.Ordinal)))
        {
            wrong.Add($"{damage}: the reason names no row: {health.Reason}");
        }

        if (!health.IsReadOnly && ledger.Read.Org("beta") is null) wrong.Add($"{damage}: an org is gone without a word.");
        await ReadAsync(ledger);
        try
        {
            // A row that is looked up by the command makes it a refusal; one that was not loaded makes the store refuse.
            _ = await ledger.SubmitAsync(new Command.Record(SettingKind.Team, "beta", "blue", $"{{\"damage\":\"{Guid.NewGuid():N}\"}}", Once: false), Cancel);
            if (health.IsReadOnly) wrong.Add($"{damage}: a read-only store took a command.");
        }
        catch (StoreUnavailableException)
        {
            // Told.
        }

        return health.IsReadOnly;
    }

    /// <summary>Reads may say that the store or a row is damaged, and nothing else.</summary>
    private async Task ReadAsync(ILedger ledger)
    {
        var (from, to) = (Clock.Now - TimeSpan.FromHours(1), Clock.Now + TimeSpan.FromHours(1));
        foreach (var read in (Func<Task>[])[
            () => Task.FromResult(ledger.Read.Balance("acme")),
            () => Task.FromResult(ledger.Read.Budgets("acme", Clock.Now)),
            () => Task.FromResult(ledger.Read.OpenHolds("acme")),
            () => Task.FromResult(ledger.Read.Settings),
            () => ledger.Read.TotalsAsync("acme", from, to, Cancel),
            () => ledger.Read.CellsAsync("acme", from, to, Cancel),
            () => ledger.Read.FindingsAsync("acme", 10, Cancel),
            () => ledger.Read.ReconcileAsync(new(Instances.None, RuntimeDue: null, Clock.Now), Cancel)])
        {
            try
            {
                await read();
            }
            catch (Exception damaged) when (damaged is StoreUnavailableException or StoreCorruptException)
            {
                // Told.
            }
        }
    }

    private async Task MakeRowsOfEveryKindAsync()
    {
        await using var ledger = Open();
        var memory = new MemoryLedger { Now = Clock.Now };
        foreach (var command in (Command[])
        [
            Make.OpenOrg("acme"), Make.OpenOrg("beta", Core.Tenancy.BillingMode.Postpaid, creditLine: 100), Make.TopUp(300, "start"), Make.Budget(500),
            new Command.Grant("g1", "acme", new(50), 1, Clock.Now + TimeSpan.FromDays(1)),
            Make.Hold(memory, 1, 20), Make.Settle(1, 15, at: Clock.Now), Make.Hold(memory, 2, 30), Make.Charge(3, 10, at: Clock.Now),
            new Command.PlaceHold(Make.Id(5), Make.Labels(), null, "op5", new(1), TimeSpan.FromMinutes(1)) { Lineage = Make.Step(previous: null) },
            new Command.Announce("a1", "acme", "alert.test", "{}"), Make.Asked(Make.TopUp(7, "t2")), new Command.KeepObject(Make.Object("file-1")),
            new Command.KeepObject(Make.Object("file-2", isPending: true)), Make.Charge(4, 10_000, Make.Labels(team: "red"), "ann", Clock.Now, fact: true),
        ])
        {
            var outcome = await ledger.SubmitAsync(command, Cancel);
            Assert.True(outcome is Outcome.Done, $"{command}: {outcome}");
        }
    }
}
