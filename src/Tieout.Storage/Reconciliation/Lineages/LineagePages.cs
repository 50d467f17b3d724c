using Tieout.Core.Attribution.Audit;
using Tieout.Core.Tenancy;

namespace Tieout.Storage.Reconciliation.Lineages;

/// <summary>Operations with everything that an audit needs to know of them, a page at a time.</summary>
/// <param name="org">Null: of all.</param>
internal sealed class LineagePages(ILineageBooks books, Executors executors, string? org, CancellationToken cancellationToken)
{
    public const int OperationsAtOnce = 1_000;

    /// <summary>Every version of every key of a store.</summary>
    public static Executors ExecutorsOf(ILineageBooks books)
    {
        var executors = new Executors();
        foreach (var book in books.All)
        {
            books.Read(book, tables =>
            {
                LineageRows.AddKeys(tables, executors);
                return 0;
            });
        }

        return executors;
    }

    /// <summary>Operations that began in a span of steps.</summary>
    public IEnumerable<(RowSpan Steps, IReadOnlyList<AuditedOperation> Operations)> Of(int book, RowSpan steps)
    {
        for (var reached = steps.After; reached < steps.Last;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var from = reached;
            var page = books.Read(book, tables => LineageRows.Operations(tables, org, from, steps.Last, OperationsAtOnce, out reached));
            yield return (new(from, reached), Complete(book, page));
        }
    }

    /// <summary>The operation that began with a step.</summary>
    public AuditedOperation? At(int book, long step) => Of(book, new(step - 1, step)).SelectMany(page => page.Operations).FirstOrDefault();

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
    private IEnumerable<int> BooksOf(AuditedStep step, string org) =>
        executors.Find(step.Entry.Row.Step.Executor) is { } key && key.Org != org ? BooksOf(books, key) : [];

    /// <summary>The books of a key's org and of its tenants.</summary>
    public static IEnumerable<int> BooksOf(ILineageBooks books, ApiKey key)
    {
        var tenants = key.Tenants ?? [];
        return tenants.Contains(ApiKey.AnyTenant) ? books.All : tenants.Append(key.Org).Select(books.Of);
    }

    private static bool IsUnused(AuditedStep step) => step.IsAttempt && step.Usage is null;

    /// <summary>The charge of the attempt in another book, which is another org's.</summary>
    private AuditedStep Found(int book, AuditedStep step)
    {
        if (!Guid.TryParse(step.Entry.Row.Step.Id, out var id) || books.Elsewhere(book, id) is not { } found) return step;
        return books.Read(found.Book, tables => LineageRows.Usage(tables, found.Usage)) is { } usage ? step with { Usage = usage } : step;
    }
}
