using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Metering;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>Reads whole commits: all rows that the hash of each covers. For proofs of a few of them.</summary>
internal sealed class CommitRows
{
    private readonly ILedgerTables _tables;
    private readonly Dictionary<int, UsageLabels> _labels = [];
    private readonly RowReads.Readers _readers;
    private Book? _orgs;

    private CommitRows(ILedgerTables tables)
    {
        _tables = tables;
        _readers = new(Labels, OrgOf);
    }

    /// <summary>The commits that the query names, each once, in their order.</summary>
    /// <exception cref="RowsArchivedException">An archive has rows of one of them.</exception>
    /// <exception cref="StoreCorruptException">One is missing from the chain.</exception>
    public static IReadOnlyList<CommitProof> Of(ILedgerTables tables, CommitProofQuery query)
    {
        var rows = new CommitRows(tables);
        var end = Chain.Last(tables);
        var links = new SortedDictionary<long, ChainRow>();
        foreach (var commit in query.Commits) links[commit] = Chain.At(tables, commit);
        foreach (var step in query.Lineage) rows.Add(links, "last_lineage", step, last => last.Lineage, end);
        foreach (var labels in query.Labels) rows.Add(links, "last_labels", labels, last => last.Labels, end);
        foreach (var price in query.Prices) rows.Add(links, "last_price", price, last => last.Price, end);
        if (tables.Detached is { } detached && links.Keys.FirstOrDefault() is > 0 and var first && first <= detached.Last.Commit)
        {
            throw RowsArchivedException.OfRow(detached);
        }

        return [.. links.Values.Select(rows.Read)];
    }

    /// <summary>Adds the commit that a row became durable in.</summary>
    /// <param name="column">Where the chain says how far the row's table had come.</param>
    private void Add(SortedDictionary<long, ChainRow> links, string column, long number, Func<Sequences, long> lastOf, long end)
    {
        var (low, high) = (1L, end);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            using var s = _tables.Select($"SELECT {column} FROM chain WHERE commit_no = ?", middle);
            if (!s.Step()) throw new StoreCorruptException($"Commit {middle} is missing from the chain.");
            if (s.Int64(0) >= number) high = middle;
            else low = middle + 1;
        }

        if (low > end) return;
        var link = Chain.At(_tables, low);
        if (lastOf(link.Last) >= number) links[low] = link;
    }

    private CommitProof Read(ChainRow link)
    {
        var before = Chain.At(_tables, link.Commit - 1);
        var rows = ChainedTables.Each(new OfCommit(this, before.Last, link.Last)).SelectMany(table => table).ToList();
        return new(_tables.Bucket, link.Commit, link.RecordedAt, before.Commit == 0 ? new byte[32] : before.Hash, link.Hash, rows);
    }

    private UsageLabels Labels(int no)
    {
        if (_labels.TryGetValue(no, out var known)) return known;
        using var s = _tables.Select($"SELECT {RowReads.LabelsColumns} FROM attributions WHERE no = ?", no);
        return s.Step() ? _labels[no] = RowReads.Labels(s).Labels : throw new StoreCorruptException($"A row names attribution {no}, which does not exist.");
    }

    private string OrgOf(int account)
    {
        if (_orgs is null)
        {
            // Orgs alone number the accounts.
            _orgs = new();
            using var s = _tables.Select($"SELECT {RowReads.SettingColumns} FROM settings WHERE kind = {(int)SettingKind.Org} ORDER BY seq");
            while (s.Step()) _orgs.Recall(RowReads.Setting(s));
        }

        return _orgs.Accounts.TryGetValue(account, out var known)
            ? known.Org : throw new StoreCorruptException($"A posting names account {account}, which does not exist.");
    }

    private string? OrgOf(ChainedRow row) => row switch
    {
        SettingRow setting => setting.Org,
        LabelsRow labels => labels.Labels.Org,
        CommandRow command => command.Org,
        HoldRow hold => hold.Hold.Scope.Org,
        HoldEnd end => OrgOfHold(end.Hold.Seq),
        UsageRow usage => usage.Usage.Labels.Org,
        PostingRow posting => posting.Posting.Org,
        FindingRow finding => finding.Org,
        OutboxRow message => message.Org,
        ObjectRow stored => stored.Object.Org,
        LineageEntry step => step.Org,
        AuditRow action => action.Org,
        RecordRow record => record.Org,
        _ => null,
    };

    private string? OrgOfHold(long seq)
    {
        using var s = _tables.Select("SELECT a.org FROM holds h JOIN attributions a ON a.no = h.attribution WHERE h.seq = ?", seq);
        return s.Step() ? s.Text(0) : null;
    }

    private sealed class OfCommit(CommitRows commits, Sequences before, Sequences last) : IChainedTableVisitor<IReadOnlyList<ProofRow>>
    {
        public IReadOnlyList<ProofRow> Visit<TTable, TRow>()
            where TTable : struct, IChainedTable<TRow>
            where TRow : ChainedRow
        {
            var (from, to) = (TTable.LastIn(before), TTable.LastIn(last));
            if (from == to) return [];
            var rows = new List<(TRow Row, byte[] Bytes)>();
            using (var stored = commits._tables.Select(
                $"SELECT {TableColumns<TTable, TRow>.Names} FROM {TTable.Name} WHERE {TTable.Key} > ? AND {TTable.Key} <= ? ORDER BY {TableRows.Number<TTable, TRow>()}",
                from, to))
            {
                var read = commits._readers.Of<TRow>();
                using var buffer = new RowBuffer();
                while (stored.Step())
                {
                    buffer.Clear();
                    var row = read(stored);
                    buffer.Add<TTable, TRow>(row);
                    rows.Add((row, buffer.Written.ToArray()));
                }
            }

            return [.. rows.Select(row => new ProofRow(
                TTable.Name, TTable.Tag, TTable.Number(row.Row), commits.OrgOf(row.Row), RowFields.Of<TTable, TRow>(row.Row), row.Bytes))];
        }
    }
}
