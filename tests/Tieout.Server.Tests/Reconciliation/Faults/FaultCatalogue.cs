using System.Globalization;
using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Runtime;
using Tieout.Server.Runtime;

namespace Tieout.Server.Tests.Reconciliation.Faults;

/// <summary>Each kind of defect, as a bug in the writer would have left it.</summary>
internal static class FaultCatalogue
{
    private static readonly DateTimeOffset LongAgo = BusyStore.Hour.AddDays(-18);

    /// <summary>In rows; sealed afterwards.</summary>
    public static readonly IReadOnlyList<(string Name, Func<FaultyFile, IEnumerable<Planted>> Plant)> Rows =
    [
        ("usage without posting", file =>
        {
            var from = file.Take("reported");
            file.Copy("usage", "seq", from, ("seq", $"{file.NewUsage()}"), ("id", $"x'{file.NewId():N}'"));
            return [new("ledger_mismatch", -Charge(file, from), Charge(file, from))];
        }),
        ("posting without usage", file =>
        {
            file.Copy("postings", "seq", PostingOf(file, file.Take("reported")), ("seq", $"{file.NewPosting()}"), ("usage_seq", "0"), ("amount", "500000000"));
            return [new("ledger_mismatch", 500_000_000)];
        }),
        ("posting of usage that is not there", file =>
        {
            file.Copy("postings", "seq", PostingOf(file, file.Take("reported")), ("seq", $"{file.NewPosting()}"), ("usage_seq", "987654321"),
                ("amount", "300000000"));
            return [new("ledger_mismatch", 300_000_000)];
        }),
        ("amounts differ", file =>
        {
            var by = 1_000 + file.Next(1_000_000);
            file.Execute($"UPDATE postings SET amount = amount + {by} WHERE seq = {PostingOf(file, file.Take("gateway"))}");
            return [new("ledger_mismatch", by)];
        }),
        ("charged twice", file =>
        {
            var usage = file.Take("gateway");
            file.Copy("postings", "seq", PostingOf(file, usage), ("seq", $"{file.NewPosting()}"));
            return [new("duplicate_charge", Charge(file, usage))];
        }),
        ("mispriced", file =>
        {
            var (usage, by) = (file.Take("reported"), 1 + file.Next(50_000));
            file.Execute(
                $"UPDATE postings SET amount = amount + {by} WHERE seq = {PostingOf(file, usage)}; UPDATE usage SET charge = charge + {by} WHERE seq = {usage}");
            return [new("mispriced", by)];
        }),
        ("wrong source", file => Relabelled(file, "wrong_source", ("source", "3 - source"))),
        ("wrong project", file => Relabelled(file, "wrong_anchor", ("project", "'other'"))),
        ("wrong mode", file => Relabelled(file, "wrong_anchor", ("operating_mode", "'spot'"))),
        ("wrong backend", file => Relabelled(file, "wrong_anchor", ("runtime_backend", "'slurm'"))),
        ("control plane drift", file => Relabelled(file, "control_plane_drift", ("control_plane", "1 - control_plane"))),
        ("runtime without usage", RuntimeWithoutUsage),
        ("settled without usage", file =>
        {
            var hold = Hold(file, 10_000_000);
            file.Execute($"INSERT INTO hold_ends VALUES ({hold}, 1, {file.RecordedAt}, {file.Commit}, 0)");
            return [new("missing_usage", -10_000_000, 4_000_000)];
        }),
        ("sent, and nothing came of it", file =>
        {
            file.AddAttempt();
            return [new("missing_usage", null, 4_000_000)];
        }),
        ("orphan hold", file =>
        {
            Hold(file, 20_000_000);
            return [new("orphan_hold", 20_000_000)];
        }),
        ("overrun", file => Flagged(file, "overrun", "charge_flags = charge_flags | 1")),
        ("unpriced", file => Flagged(file, "unpriced", "charge_flags = charge_flags | 4", isHalved: true)),
        ("estimated", file => Flagged(file, "estimated_usage", "basis = 1", isHalved: true)),
        ("above its ceiling", file => Flagged(file, "usage_above_ceiling", "charge_flags = charge_flags | 64")),
        ("unreadable", file => Flagged(file, "usage_unreadable", "flags = flags | 1024")),
        ("calls left out", file => Flagged(file, "sub_calls_left_out", "flags = flags | 4096")),
        ("hidden", file => Flagged(file, "hidden_usage", "flags = flags | 2")),
        ("unattributed", file =>
        {
            var usage = file.Take("gateway");
            Label(file, usage, ("key", "'key-gone'"));
            return [new("unattributed", Charge(file, usage))];
        }),
        ("another tenant's", file =>
        {
            var usage = file.Take("gateway");
            Label(file, usage, ("org", "'beta'"), ("key", "'key-beta'"));
            file.Execute($"UPDATE postings SET debit = debit + 4, credit = credit + 4 WHERE seq = {PostingOf(file, usage)}");
            return [new("identity_rebind", Charge(file, usage))];
        }),
        ("invoice says too much", file =>
        {
            var seq = file.Number("SELECT min(seq) FROM records WHERE kind = 11 AND name LIKE 'INV-%'");
            var invoice = FinalInvoice.Parse(file.Text($"SELECT body FROM records WHERE seq = {seq}"));
            var more = new Amount(10_000_000);
            var wrong = invoice with { Exact = invoice.Exact + more, Net = invoice.Net + more, Total = invoice.Total + more };
            file.Execute($"UPDATE records SET body = '{wrong.ToJson().Replace("'", "''", StringComparison.Ordinal)}' WHERE seq = {seq}");
            return [new("invoice_mismatch", 10_000_000)];
        }),
    ];

    /// <summary>In figures that follow from rows, after those were brought up to the rows; they are in no chain.</summary>
    public static readonly IReadOnlyList<(string Name, Func<IPlanting, IEnumerable<Planted>> Plant)> Figures =
    [
        ("counter", file => Window(file, "counter_drift", "budget IN (1, 2, 3)", 300_000_000)),
        ("window", file => Window(file, "window_drift", "budget NOT IN (1, 2, 3, 4) AND posted > 0", -7)),
        ("cell", file =>
        {
            var (hour, no) = (file.Number("SELECT max(hour) FROM cells"), file.Number("SELECT attribution FROM cells ORDER BY hour DESC, attribution LIMIT 1"));
            file.Execute($"UPDATE cells SET charge = charge + 11, attempts = attempts - 1 WHERE hour = {hour} AND attribution = {no}");
            return [new("cell_drift", 11)];
        }),
        ("account", file =>
        {
            file.Execute("UPDATE accounts SET debits = debits + 700000000 WHERE no = 1");
            return [new("quota_mismatch", -700_000_000)];
        }),
    ];

    /// <summary>A row that was changed after it was sealed.</summary>
    public static IEnumerable<Planted> Unsealed(IPlanting file)
    {
        file.Execute($"UPDATE usage SET duration_ms = duration_ms + 1 WHERE seq = {file.Take("reported")}");
        return [new("hash_break", null)];
    }

    private static long Charge(FaultyFile file, long usage) => file.Number($"SELECT charge FROM usage WHERE seq = {usage}");

    private static long PostingOf(FaultyFile file, long usage) => file.Number($"SELECT min(seq) FROM postings WHERE usage_seq = {usage} AND kind = 3");

    private static IEnumerable<Planted> Relabelled(FaultyFile file, string code, (string, string) change)
    {
        var usage = file.Take("runtime");
        Label(file, usage, change);
        return [new(code, Charge(file, usage))];
    }

    private static void Label(FaultyFile file, long usage, params (string, string)[] changes)
    {
        var no = file.NewLabels();
        file.Copy("attributions", "no", file.Number($"SELECT attribution FROM usage WHERE seq = {usage}"), [("no", $"{no}"), .. changes]);
        file.Execute($"UPDATE usage SET attribution = {no} WHERE seq = {usage}");
    }

    private static IEnumerable<Planted> Flagged(FaultyFile file, string code, string change, bool isHalved = false)
    {
        var usage = file.Take("gateway");
        file.Execute($"UPDATE usage SET {change} WHERE seq = {usage}");
        var charge = Charge(file, usage);
        return [new(code, charge, isHalved ? (charge / 2) - charge : 0)];
    }

    private static long Hold(FaultyFile file, long amount)
    {
        var seq = file.NewHold();
        var like = file.Number("SELECT seq FROM holds WHERE attribution IN (SELECT no FROM attributions WHERE key = 'key-1') LIMIT 1");
        var hourAgo = file.RecordedAt - Instant.MicrosPerHour;
        file.Copy("holds", "seq", like, ("seq", $"{seq}"), ("id", $"x'{file.NewId():N}'"), ("amount", $"{amount}"), ("held_at", $"{hourAgo - 1_000_000}"),
            ("expires_at", $"{hourAgo}"));
        return seq;
    }

    /// <summary>600 s of sixteen GPUs and one head, of which the meter never heard.</summary>
    private static IEnumerable<Planted> RuntimeWithoutUsage(FaultyFile file)
    {
        foreach (var (kind, second) in (ReadOnlySpan<(ActivityKind, int)>)[(ActivityKind.Start, 0), (ActivityKind.Stop, 600)])
        {
            var what = ((Command.KeepObject)RuntimeObjects.Keep("acme", "app-1", new($"lost-{kind}", Instant.From(LongAgo.AddSeconds(second)), kind))).Object;
            file.Execute(string.Create(CultureInfo.InvariantCulture,
                $"INSERT INTO objects VALUES ({file.NewObject()}, '{what.Org}', {(int)what.Kind}, '{what.Id}', '{what.Key}', NULL, NULL, 0, '{what.Body}', {file.RecordedAt}, 0)"));
        }

        return [new("missing_usage", -9_600_000_000, 9_600_000_000), new("missing_usage", -60_000_000, 60_000_000)];
    }

    private static IEnumerable<Planted> Window(IPlanting file, string code, string which, long by)
    {
        var rows = file.Windows(which);
        var (budget, start, each) = rows[file.Next(rows.Count)];
        file.Execute($"UPDATE windows SET posted = posted + {by} WHERE budget = {budget} AND start_at = {start} AND each = '{each}'");
        return [new(code, by)];
    }
}
