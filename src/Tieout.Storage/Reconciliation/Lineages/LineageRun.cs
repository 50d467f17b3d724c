using Tieout.Core.Attribution.Audit;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Core.Tenancy;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation.Lineages;

/// <summary>One audit over the books of a store. It holds a page of operations at a time, and the findings.</summary>
internal sealed class LineageRun(ILineageBooks books, LineageQuery query, CancellationToken cancellationToken)
{
    private const int OperationsAtOnce = 1_000;

    /// <summary>Usage rows that one statement looks at. Few of them are found.</summary>
    private const int UsageAtOnce = 20_000;

    private readonly Executors _executors = new();
    private readonly List<Finding> _findings = [];
    private AuditedOperation? _sample;
    private (bool IsWhole, int Attempts) _sampled;
    private long _more;

    public LineageReport Run()
    {
        foreach (var book in books.All)
        {
            books.Read(book, tables =>
            {
                LineageRows.AddKeys(tables, _executors);
                return 0;
            });
        }

        var audit = new LineageAudit(query.Keys, _executors, query.Now - BookQuery.HoldGrace);
        foreach (var book in query.Org is { } org ? [books.Of(org)] : books.All) Run(book, audit);
        return new(audit.Lines, audit.IsAtLeast, _findings, _sample, _more);
    }

    private void Run(int book, LineageAudit audit)
    {
        var (before, last) = books.Read(book, tables => (Chain.LastBefore(tables, query.From).Last, Chain.LastBefore(tables, query.To).Last));

        // First, so that the audit knows the operations that they belong to.
        for (var after = before.Usage; after < last.Usage; after += UsageAtOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (from, to) = (after, Math.Min(after + UsageAtOnce, last.Usage));
            foreach (var usage in NotOfOthers(book, books.Read(book, tables => LineageRows.Unlinked(tables, query.Org, from, to))))
            {
                if (!query.Repaired.Contains(usage.Id)) Add(LineageFindings.Of(audit.Add(usage)));
            }
        }

        for (var reached = before.Lineage; reached < last.Lineage;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var from = reached;
            var page = books.Read(book, tables => LineageRows.Operations(tables, query.Org, from, last.Lineage, OperationsAtOnce, out reached));
            Look(book, Complete(book, page), audit);
        }
    }

    /// <summary>Without attempts of operations in other books. Where nearly every attempt is without an envelope, none is looked for.</summary>
    private IEnumerable<UnlinkedUsage> NotOfOthers(int book, List<UnlinkedUsage> unlinked)
    {
        if (unlinked.Count is 0 or > OperationsAtOnce) return unlinked;
        var ids = unlinked.Select(usage => usage.OperationId).ToHashSet(StringComparer.Ordinal);
        var elsewhere = books.All.Where(other => other != book)
            .SelectMany(other => books.Read(other, tables => LineageRows.Named(tables, ids)))
            .Select(step => step.Entry.Row.Step.Id).ToHashSet(StringComparer.Ordinal);
        return unlinked.Where(usage => !elsewhere.Contains(usage.Id.ToString()));
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

    /// <summary>With usage that is in another book, and with attempts of the same id under other orgs where a key of another org acted.</summary>
    private List<AuditedOperation> Complete(int book, List<AuditedOperation> page)
    {
        var named = new Dictionary<int, HashSet<string>>();
        foreach (var operation in page)
        {
            foreach (var other in operation.Steps.SelectMany(step => BooksOf(step, operation.Org)).Distinct())
            {
                if (!named.TryGetValue(other, out var ids)) named[other] = ids = new(StringComparer.Ordinal);
                ids.Add(operation.Id);
            }
        }

        var elsewhere = named.SelectMany(part => books.Read(part.Key, tables => LineageRows.Named(tables, part.Value)))
            .ToLookup(step => step.Entry.OperationId, StringComparer.Ordinal);
        return [.. page.Select(operation => operation with
        {
            Steps = operation.Steps.Any(IsUnused) ? [.. operation.Steps.Select(step => IsUnused(step) ? Found(book, step) : step)] : operation.Steps,
            Elsewhere = [.. elsewhere[operation.Id].Where(step => step.Entry.Org != operation.Org)],
        })];
    }

    /// <summary>The books of the orgs for which the executor of a step may act: its own org, and if it is a worker's key, others.</summary>
    private IEnumerable<int> BooksOf(AuditedStep step, string org)
    {
        if (_executors.Find(step.Entry.Row.Step.Executor) is not { } key || key.Org == org) return [];
        var tenants = key.Tenants ?? [];
        return tenants.Contains(ApiKey.AnyTenant) ? books.All : tenants.Append(key.Org).Select(books.Of);
    }

    private static bool IsUnused(AuditedStep step) => step.IsAttempt && step.Usage is null;

    /// <summary>The charge of the attempt in another book, which is another org's.</summary>
    private AuditedStep Found(int book, AuditedStep step)
    {
        if (!Guid.TryParse(step.Entry.Row.Step.Id, out var id) || books.Elsewhere(book, id) is not { } found) return step;
        return books.Read(found.Book, tables =>
        {
            using var rows = tables.Select(
                "SELECT a.org, a.key, u.charge FROM usage u JOIN attributions a ON a.no = u.attribution WHERE u.seq = ?", found.Usage);
            return rows.Step() ? step with { Usage = new(found.Usage, rows.Text(0), rows.TextOrNull(1), new(rows.Int64(2)), found.Book) } : step;
        });
    }

    private void Sample(AuditedOperation operation, bool isWhole)
    {
        var attempts = operation.Steps.Count(step => step.IsAttempt);
        if (attempts < 2 || (_sample is not null && (isWhole, attempts).CompareTo(_sampled) <= 0)) return;
        (_sample, _sampled) = (operation, (isWhole, attempts));
    }

    private void Add(Finding? finding)
    {
        if (finding is null) return;
        if (_findings.Count < query.Most) _findings.Add(finding);
        else _more++;
    }
}
