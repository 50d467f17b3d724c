using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Ledger.Sketches;
using Tieout.Core.Ledger.Tools;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Follower;

/// <summary>What one step counted, and up to which commit.</summary>
internal sealed record Counted(FollowerPosition From, FollowerPosition To, Recount Recount, RowIndexStep Index, SketchStep Sketches, ToolStep Tools,
    ClassCostStep Costs);

/// <summary>One step of the follower: the rows of the next commits, each counted once. It only reads; the store writes lines and position in one
/// transaction.</summary>
internal sealed class FollowerStep
{
    /// <summary>Rows of one step, some more for its last commit: one transaction stays small, and a step is soon done.</summary>
    private const int RowsMax = 50_000;

    private const int CommitsMax = 4_096;

    private readonly Dictionary<int, OrgState> _orgOfLabels = [];
    private readonly FollowedPrices _prices = new();
    private long _settings = -1;
    private int _labels;

    /// <summary>Orgs and budgets up to the last step; no figures.</summary>
    public Book Book { get; private set; } = new();

    /// <param name="through">The last commit to go to: the one that stored figures are as of, so that they can be compared.</param>
    /// <returns>Null: nothing is left to count.</returns>
    /// <exception cref="StoreCorruptException">A row names labels or an account that do not exist.</exception>
    public Counted? Count(FollowerPosition from, ILedgerTables ledger, long through)
    {
        if (End(from, ledger, through) is not { } end) return null;
        Learn(ledger, end.Last);
        var (recount, index, sketches, tools) = (new Recount(), new RowIndexStep(), new SketchStep(), new ToolStep());
        var costs = new ClassCostStep();
        FollowedRows.UsageWithIds(ledger, from.Usage, end.Last.Usage, (usage, ids) =>
        {
            var org = OfLabels(usage.Labels);
            recount.Add(usage, org);
            index.Add(usage, ids, org);
            sketches.Add(usage, ids.EndUser, org);
            costs.Add(usage, _prices.Find(usage.Price), org);
        });
        FollowedRows.Postings(ledger, from.Posting, end.Last.Posting, posting =>
        {
            recount.Add(posting, OfAccount(posting.Debit));
            index.Add(posting);
        });
        ToolCallRows.Read(ledger, from.Record, end.Last.Record, (org, call, recordedAt) =>
        {
            if (Book.Org(org) is { } known) tools.Add(call, recordedAt, known.FirstAccount);
        });
        return new(from, FollowerPosition.Of(end), recount, index, sketches, tools, costs);
    }

    private static ChainRow? End(FollowerPosition from, ILedgerTables ledger, long through)
    {
        ChainRow? end = null;
        using var commits = ledger.Select(
            $"SELECT {RowReads.ChainColumns} FROM chain WHERE commit_no > ? AND commit_no <= ? ORDER BY commit_no LIMIT {CommitsMax}", from.Commit, through);
        while (commits.Step())
        {
            end = RowReads.Chain(commits, []);
            if (end.Last.Usage - from.Usage + end.Last.Posting - from.Posting + end.Last.Record - from.Record >= RowsMax) break;
        }

        return end;
    }

    /// <summary>Orgs and labels that came since the last step. None of a later commit: the org of its labels may not be known yet.</summary>
    private void Learn(ILedgerTables ledger, Sequences last)
    {
        if (last.Setting != _settings)
        {
            Book = new();
            var governing = $"WHERE kind IN ({SettingKind.Org:D}, {SettingKind.Budget:D}) AND seq <= ? ORDER BY seq";
            using var orgs = ledger.Select($"SELECT {RowReads.SettingColumns} FROM settings {governing}", last.Setting);
            while (orgs.Step()) Book.Recall(RowReads.Setting(orgs));
            _settings = last.Setting;
        }

        _prices.Learn(ledger, last.Price);
        if (last.Labels <= _labels) return;
        using var labels = ledger.Select("SELECT no, org FROM attributions WHERE no > ? AND no <= ?", _labels, last.Labels);
        while (labels.Step())
        {
            if (Book.Org(labels.Text(1)) is { } org) _orgOfLabels[RowReads.Int32(labels, 0)] = org;
        }

        _labels = last.Labels;
    }

    private OrgState OfLabels(int no) =>
        _orgOfLabels.TryGetValue(no, out var org) ? org : throw new StoreCorruptException($"A row names attribution {no}, which does not exist.");

    private OrgState OfAccount(int account) =>
        Book.Accounts.TryGetValue(account, out var known) && Book.Org(known.Org) is { } org
            ? org : throw new StoreCorruptException($"A posting names account {account}, which does not exist.");
}
