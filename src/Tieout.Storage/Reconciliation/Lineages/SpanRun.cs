using Tieout.Core.Attribution.Audit;
using Tieout.Core.Ledger;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation.Lineages;

/// <summary>Audits a time that is over, and tells what is settled from what is looked at again.</summary>
internal sealed class SpanRun(ILineageBooks books, LineageQuery query, CancellationToken cancellationToken)
{
    private readonly Executors _executors = LineagePages.ExecutorsOf(books);
    private readonly Dictionary<string, SettledLine> _lines = new(StringComparer.Ordinal);

    public AuditedSpan Run()
    {
        var pages = new LineagePages(books, _executors, org: null, cancellationToken);

        // Before anything is looked at: a step that comes meanwhile may be seen twice, and never not at all.
        var through = books.All.ToDictionary(book => book, book => books.Read(book, tables => Chain.At(tables, Chain.Last(tables)).Last.Lineage));
        var rows = books.All.Select(book => Run(book, pages)).Where(of => of.Steps.After < of.Steps.Last || of.Usage.After < of.Usage.Last);
        return new(query.From, query.To, [.. rows], _lines, through);
    }

    private AuditedRows Run(int book, LineagePages pages)
    {
        var (steps, usage) = books.Read(book, tables => LineagePiece.RowsOf(tables, query.From, query.To));
        var unsettled = new List<RowSpan>();
        foreach (var page in pages.Of(book, steps))
        {
            if (IsSettled(page.Operations)) continue;
            if (unsettled is [.., var last] && last.Last == page.Steps.After) unsettled[^1] = last with { Last = page.Steps.Last };
            else unsettled.Add(page.Steps);
        }

        return new(book, steps, usage, LineageUsage.Unlinked(books, book, org: null, usage, cancellationToken).Any(), unsettled);
    }

    /// <summary>Adds up a page whose operations are all whole and over. One that is not leaves the page to later audits.</summary>
    private bool IsSettled(IReadOnlyList<AuditedOperation> page)
    {
        var audit = new LineageAudit(query.Keys, _executors, query.Now);
        if (page.Any(operation => operation.Steps.Any(IsInFlight) || audit.Add(operation).Count > 0)) return false;
        if (audit.Lines.Values.Any(line => line.Whole < line.Operations)) return false;
        foreach (var (org, line) in audit.Lines) LineOf(org).Line.Add(line);
        foreach (var operation in page) Sample(operation);
        return true;
    }

    private static bool IsInFlight(AuditedStep step) => step.IsAttempt && step.Usage is null && step.Hold is not { State: HoldState.Released };

    private SettledLine LineOf(string org)
    {
        if (!_lines.TryGetValue(org, out var line)) _lines[org] = line = new(new(), Sample: null);
        return line;
    }

    private void Sample(AuditedOperation operation)
    {
        var attempts = operation.Steps.Count(step => step.IsAttempt);
        if (attempts < 2 || LineOf(operation.Org) is var line && line.Sample?.Attempts >= attempts) return;
        _lines[operation.Org] = line with { Sample = new(operation.Steps[0].Entry.Seq, attempts) };
    }
}
