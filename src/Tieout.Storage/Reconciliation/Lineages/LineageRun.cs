using Tieout.Core.Attribution.Audit;
using Tieout.Core.Reconciliation.SelfCheck;

namespace Tieout.Storage.Reconciliation.Lineages;

/// <summary>One audit over the books of a store. It holds a page of operations at a time, and the findings.</summary>
internal sealed class LineageRun(ILineageBooks books, LineageQuery query, CancellationToken cancellationToken)
{
    private readonly List<Finding> _findings = [];
    private AuditedOperation? _sample;
    private (bool IsWhole, int Attempts) _sampled;
    private long _more;

    public LineageReport Run()
    {
        var executors = LineagePages.ExecutorsOf(books);
        var audit = new LineageAudit(query.Keys, executors, query.Now - BookQuery.HoldGrace);
        var pages = new LineagePages(books, executors, query.Org, cancellationToken);
        foreach (var book in query.Org is { } org ? [books.Of(org)] : books.All) Run(book, audit, pages);
        foreach (var (name, settled) in query.Spans.SelectMany(span => span.Lines).Where(line => query.Org is null || query.Org == line.Key))
        {
            audit.Add(name, settled.Line);
            if (settled.Sample is { } sample && IsBetter((true, sample.Attempts)) && pages.At(books.Of(name), sample.Step) is { } operation)
            {
                Sample(operation, isWhole: true);
            }
        }

        return new(audit.Lines, audit.IsAtLeast, _findings, _sample, _more);
    }

    private void Run(int book, LineageAudit audit, LineagePages pages)
    {
        var pieces = books.Read(book, tables => LineagePiece.Of(tables, query));

        // First, so that the audit knows the operations that they belong to.
        var parts = pieces.SelectMany(piece => piece.Usage);
        foreach (var usage in parts.SelectMany(rows => LineageUsage.Unlinked(books, book, query.Org, rows, cancellationToken)))
        {
            if (query.Repaired.Contains(usage.Id)) continue;
            Add(LineageFindings.Of(audit.Add(usage, out var isNew)));
            if (!isNew || !usage.HasSteps) continue;
            var first = books.Read(book, tables => LineageRows.First(tables, usage.Org, usage.OperationId));
            if (pieces.Any(piece => piece.IsSettled(first))) audit.Unsettle(usage.Org);
        }

        foreach (var steps in pieces.SelectMany(piece => piece.Steps))
        {
            foreach (var page in pages.Of(book, steps)) Look(book, page.Operations, audit);
        }
    }

    private void Look(int book, IReadOnlyList<AuditedOperation> page, LineageAudit audit)
    {
        var defects = new List<LineageDefect>();
        foreach (var operation in page)
        {
            var found = audit.Add(operation);
            Sample(operation, found.Count == 0);
            defects.AddRange(found);
        }

        var room = query.Most - _findings.Count;
        _findings.AddRange(LineageDescription.Of(books, book, [.. defects.Take(room)], query.Now));
        _more += Math.Max(0, defects.Count - room);
    }

    private void Sample(AuditedOperation operation, bool isWhole)
    {
        var sampled = (isWhole, operation.Steps.Count(step => step.IsAttempt));
        if (IsBetter(sampled)) (_sample, _sampled) = (operation, sampled);
    }

    private bool IsBetter((bool IsWhole, int Attempts) sampled) =>
        sampled.Attempts >= 2 && (_sample is null || sampled.CompareTo(_sampled) > 0);

    private void Add(Finding? finding)
    {
        if (finding is null) return;
        if (_findings.Count < query.Most) _findings.Add(finding);
        else _more++;
    }
}
