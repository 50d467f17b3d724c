using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Ledger.Tools;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using Tieout.Storage.Follower;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>Counts the rows anew as <c>verify</c> streams them, and compares what the follower stored when they come to its position.</summary>
internal sealed class DerivedCheck
{
    public const string Id = "derived";

    private const string Remedy = "Run tieout rebuild derived.";
    private const string WithArchive = "Run tieout rebuild derived with --archive.";

    private readonly ILedgerTables _derived;
    private readonly FollowerPosition _position;
    private readonly Findings _findings;
    private readonly HourRowsCheck _hours = new();
    private readonly IdRunsCheck _ids;
    private readonly SketchesCheck _sketches = new();
    private readonly ClassCostStep _costs = new();
    private Recount? _recount = new();

    // Rows that an archive has in the ledger's place; null: none.
    private Detachment? _detached;

    private DerivedCheck(ILedgerTables derived, FollowerPosition position, Findings findings)
    {
        (_derived, _position, _findings) = (derived, position, findings);
        _ids = new(IdRunChange.Runs(derived));
    }

    /// <param name="derived">As of a commit that the ledger's tables contain; null: there are none.</param>
    /// <returns>Null: nothing was counted, so there is nothing to compare.</returns>
    public static DerivedCheck? Begin(ILedgerTables? derived, Findings findings)
    {
        try
        {
            return FollowerPosition.Read(derived) is { Commit: > 0 } position ? new(derived!, position, findings) : null;
        }
        catch (Exception damaged) when (IsDamage(damaged))
        {
            Unreadable(findings, damaged);
            return null;
        }
    }

    /// <summary>Begins after rows that are detached. What lies after them is compared whole; of their own hours, the sums with what they came to at the cut and
    /// the rows that came since.</summary>
    public void BeginAfter(Detachment detached) => _detached = detached;

    /// <param name="price">The row's; null: it has none.</param>
    public void Add(UsageRow row, ResolvedPrice? price, Book book)
    {
        if (_recount is null || book.Org(row.Usage.Labels.Org) is not { } org) return;
        var usage = CountedUsage.Of(row);
        _recount.Add(usage, org);
        _hours.Add(usage);
        ulong? endUser = row.Usage.EndUser is { } user ? IdEntry.WideHashOf(UsageIdKind.EndUser, user) : null;
        _ids.Add(row, endUser, org.FirstAccount);
        _sketches.Add(usage, endUser, org);
        _costs.Add(usage, price, org);
    }

    /// <param name="labels">Of the posting's usage; 0: it names none.</param>
    /// <param name="usage">The posting's usage; null where it corrects none.</param>
    public void Add(in Posting posting, int labels, UsageRow? usage, Book book)
    {
        if (_recount is null || book.Org(posting.Org) is not { } org) return;
        var counted = CountedPosting.Of(posting, labels, usage);
        _recount.Add(counted, org);
        _hours.Add(counted);
    }

    public void EndCommit(ChainRow commit, Standing standing)
    {
        if (commit.Commit != _position.Commit || _recount is not { } recount) return;

        // Lines of another ledger, or of a later state of this one, are used by no report: the follower counts anew.
        if (commit.Hash.AsSpan().SequenceEqual(_position.Hash)) Compare(recount, standing, commit.Last.Record);
        _recount = null;
    }

    private void Compare(Recount recount, Standing standing, long lastRecord)
    {
        var names = new Names(standing);
        try
        {
            Compare<RecountTable, RecountLine, RecountKey>(recount.Lines, LineReads.Line, line => line.Key, names.Of, key => key.Start);
            if (_detached is not null) CompareCells(standing.Again.Cells, names);
            Compare<StatusTable, StatusLine, StatusKey>(
                recount.Statuses, LineReads.Status, line => line.Key, key => $"{names.Of(key.Of)}, {key.Traits}, without {key.Absent}",
                key => key.Of.Start);
            Compare<MonthTable, MonthLine, MonthKey>(
                recount.Months, LineReads.Month, line => line.Key, key => $"{names.Of(key.Org)}, month from {key.Start}", key => key.Start);
            Compare<ToolHourTable, ToolHour, ToolHourKey>(
                ToolHours(standing, lastRecord), ToolCallRows.Hour, hour => hour.Key,
                key => $"{names.Of(key.Org)}, hour from {key.Start}, feature {(key.Feature.Length == 0 ? "(none)" : key.Feature)}, tool {key.Tool}",
                key => key.Start);
            Compare<ClassCostTable, ClassCosts, ClassCostKey>(
                _costs.Lines, ClassCostReading.Line, line => line.Key,
                key => $"{names.Of(key.Org)}, hour from {key.Start}, {names.OfLabels(key.Labels)}", key => key.Start);
            CheckClasses(recount, names);
            string Rows(int labels) => labels < 0 ? $"corrections of {names.OfLabels(-labels)}" : names.OfLabels(labels);
            foreach (var ((start, labels, traits), flaw) in _hours.Compare(_derived))
            {
                if (!IsWhole(start)) continue;
                _findings.Checked(Id);
                if (flaw is not null) _findings.Broken(Id, $"{HourRowsTable.Name}: hour from {start}, {Rows(labels)}, {traits} lists {flaw}. {Remedy}");
            }

            foreach (var flaw in _ids.Compare(_derived, run => RowsOf(standing, run), _detached?.Last.Usage ?? 0))
            {
                _findings.Checked(Id);
                if (flaw is not null) _findings.Broken(Id, $"{flaw}. {Remedy}");
            }

            foreach (var ((org, start, labels), flaw) in _sketches.Compare(_derived))
            {
                if (!IsWhole(start)) continue;
                _findings.Checked(Id);
                if (flaw is not null)
                {
                    _findings.Broken(Id, $"{UsageSketchTable.Name}: {names.Of(org)}, hour from {start}, {names.OfLabels(labels)} {flaw}. {Remedy}");
                }
            }
        }
        catch (Exception damaged) when (IsDamage(damaged))
        {
            Unreadable(_findings, damaged);
        }
    }

    /// <summary>The classes of an hour together are what its usage rows were charged (T1).</summary>
    private void CheckClasses(Recount recount, Names names)
    {
        foreach (var line in recount.Lines.Where(line => line.Key.Span == RecountSpan.Hour && line.Attempts > 0))
        {
            var costs = _costs.Find(new(line.Key.Org, line.Key.Start, line.Key.Labels));
            _findings.Checked(Id);
            if (costs?.Total == line.UsageCharge.Nanos) continue;
            _findings.Broken(
                Id, $"T1: {names.Of(line.Key)} has classes of {new Amount(costs?.Total ?? 0)}, its usage was charged {line.UsageCharge}.");
        }
    }

    private static IReadOnlyCollection<ToolHour> ToolHours(Standing standing, long lastRecord)
    {
        var tools = new ToolStep();
        ToolCallRows.Read(standing.Tables, 0, lastRecord, (org, call, recordedAt) =>
        {
            if (standing.Book.Org(org) is { } known) tools.Add(call, recordedAt, known.FirstAccount);
        });
        return tools.Hours;
    }

    /// <summary>Whether every row that counts in a stretch of time is in the ledger, by where it begins.</summary>
    private bool IsWhole(Instant start) => _detached is not { } detached || start > detached.RecordedAt;

    /// <summary>The lines of hours that have detached rows, with the cells of these rows at the cut and of the rows since.</summary>
    private void CompareCells(IReadOnlyDictionary<CellKey, CellChange> cells, Names names)
    {
        var missing = cells.Keys.Where(key => !IsWhole(StartOf(key))).ToHashSet();
        using var rows = _derived.Select($"SELECT {LineReads.LineColumns} FROM {RecountTable.Name} WHERE span = {RecountSpan.Hour:D} AND attribution > 0");
        while (rows.Step())
        {
            var line = LineReads.Line(rows);
            if (IsWhole(line.Key.Start)) continue;
            var stored = line.AsCell();
            missing.Remove(stored.Key);
            var flaw = (cells.GetValueOrDefault(stored.Key) ?? new(stored.Key)).Differs(stored.Figures);
            _findings.Checked(Id);
            if (flaw is not null) _findings.Broken(Id, $"{RecountTable.Name}: {names.Of(line.Key)} has {flaw}. {WithArchive}");
        }

        foreach (var key in missing)
        {
            _findings.Broken(Id, $"{RecountTable.Name}: the hour from {StartOf(key)}, {names.OfLabels(key.Labels)} is missing. {WithArchive}");
        }
    }

    private static Instant StartOf(CellKey key) => new(key.Hour * Instant.MicrosPerHour);

    private static List<(long Seq, int Org, UsageIdHashes Ids)> RowsOf(Standing standing, IdRun run)
    {
        var rows = new List<(long, int, UsageIdHashes)>();
        FollowedRows.UsageWithIds(standing.Tables, run.First - 1, run.Last, (usage, ids) =>
        {
            if (standing.Book.Org(standing.Labels(usage.Labels).Org) is { } org) rows.Add((usage.Seq, org.FirstAccount, ids));
        });
        return rows;
    }

    private void Compare<TTable, TRow, TKey>(
        IReadOnlyCollection<TRow> recounted, Func<IRow, TRow> read, Func<TRow, TKey> keyOf, Func<TKey, string> name, Func<TKey, Instant> startOf)
        where TTable : struct, IAddedTable<TRow>
        where TKey : notnull
    {
        var expected = recounted.Where(row => IsWhole(startOf(keyOf(row)))).ToDictionary(keyOf);
        using var rows = _derived.Select($"SELECT {TableColumns<TTable, TRow>.Names} FROM {TTable.Name}");
        while (rows.Step())
        {
            var stored = read(rows);
            var key = keyOf(stored);
            if (!IsWhole(startOf(key))) continue;
            var flaw = expected.Remove(key, out var line) ? Difference<TTable, TRow>(stored, line) : "no row that counts there";
            _findings.Checked(Id);
            if (flaw is not null) _findings.Broken(Id, $"{TTable.Name}: {name(key)} has {flaw}. {Remedy}");
        }

        foreach (var key in expected.Keys) _findings.Broken(Id, $"{TTable.Name}: {name(key)} is missing. {Remedy}");
    }

    /// <summary>The first figure that differs, in words; null: they are the same.</summary>
    private static string? Difference<TTable, TRow>(TRow stored, TRow expected)
        where TTable : struct, IAddedTable<TRow>
    {
        var (left, right) = (FigureList<TTable, TRow>.Values(stored), FigureList<TTable, TRow>.Values(expected));
        for (var i = 0; i < left.Length; i++)
        {
            if (left[i] == right[i]) continue;
            var figure = AddedColumns<TTable, TRow>.Figures[i];
            string Shown(Int128 value) =>
                figure.Type == ColumnType.Sum && !figure.Name.EndsWith("_tokens", StringComparison.Ordinal) ? new Amount(value).ToString() : $"{value}";
            return $"{figure.Name} {Shown(left[i])}, its rows come to {Shown(right[i])}";
        }

        return null;
    }

    private static void Unreadable(Findings findings, Exception damaged) =>
        findings.Broken(Id, $"Verify cannot read the lines that the follower wrote: {damaged.Message} {Remedy}");

    private static bool IsDamage(Exception failure) => failure is StoreCorruptException || UnreadableRows.Caused(failure);

    /// <summary>What people call the numbers in a key.</summary>
    private sealed class Names(Standing standing)
    {
        private readonly Dictionary<int, string> _orgs = standing.Book.Orgs.Values.ToDictionary(org => org.FirstAccount, org => org.Org.Id);

        public string Of(int org) => _orgs.GetValueOrDefault(org) ?? $"account {org}";

        public string Of(RecountKey key) =>
            $"{Of(key.Org)}, {(key.Span == RecountSpan.Hour ? "hour" : "day")} from {key.Start}, {OfLabels(key.Labels)}";

        public string OfLabels(int no) => $"attribution {no}{Labels(no)}";

        private string Labels(int no)
        {
            if (standing.FindLabels(no) is not { } labels) return "";
            var parts = ((string Name, string? Value)[])
            [
                ("project", labels.Project), ("team", labels.Team), ("key", labels.Key), ("feature", labels.Feature), ("provider", labels.Provider),
                ("model", labels.Model),
            ];
            return $" ({string.Join(", ", parts.Where(part => part.Value is not null).Select(part => $"{part.Name} {part.Value}"))})";
        }
    }
}
