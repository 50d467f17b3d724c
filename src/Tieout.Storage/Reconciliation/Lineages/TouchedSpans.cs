using Tieout.Core.Attribution.Audit;
using Tieout.Core.Tenancy;

namespace Tieout.Storage.Reconciliation.Lineages;

/// <summary>Which audited times do not stand any more, because of later steps.</summary>
internal sealed class TouchedSpans(ILineageBooks books, IReadOnlyList<AuditedSpan> spans, CancellationToken cancellationToken)
{
    private readonly Executors _executors = LineagePages.ExecutorsOf(books);
    private readonly HashSet<AuditedSpan> _touched = new(ReferenceEqualityComparer.Instance);

    /// <param name="through">By book: the last step that was looked at before.</param>
    public IReadOnlyList<AuditedSpan> Run(IReadOnlyDictionary<int, long> through)
    {
        foreach (var book in books.All)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var after = through.GetValueOrDefault(book);
            foreach (var (earlier, later) in books.Read(book, tables => LineageRows.Continued(tables, after, long.MaxValue).ToList()))
            {
                if (earlier.Org == later.Org || IsRelated(earlier, later)) Touch(book, earlier.Seq);
            }

            Elsewhere(book, after);
        }

        return [.. spans.Where(_touched.Contains)];
    }

    /// <summary>The same key acted, or a key of the later step's org did: what an audit takes for one operation under two orgs.</summary>
    private bool IsRelated(SteppedBy earlier, SteppedBy later) =>
        earlier.Executor == later.Executor || _executors.Find(earlier.Executor)?.Org == later.Org;

    /// <summary>Operations of other books that later steps of this one have the id of, where their org or their key acts for others.</summary>
    private void Elsewhere(int book, long after)
    {
        var acting = _executors.Keys.Where(key => key.Tenants is { Count: > 0 }).ToList();
        if (books.All.Count < 2 || acting.Count == 0) return;
        var named = new Dictionary<int, HashSet<string>>();
        foreach (var (later, operation) in books.Read(book, tables => LineageRows.Named(tables, after, long.MaxValue).ToList()))
        {
            foreach (var other in acting.Where(key => key.Org == later.Org || key.Id == later.Executor).SelectMany(BooksOf).Where(other => other != book))
            {
                if (!named.TryGetValue(other, out var ids)) named[other] = ids = new(StringComparer.Ordinal);
                ids.Add(operation);
            }
        }

        foreach (var (other, ids) in named)
        {
            foreach (var part in ids.Chunk(LineagePages.OperationsAtOnce))
            {
                foreach (var step in books.Read(other, tables => LineageRows.Named(tables, part))) Touch(other, step.Entry.Seq);
            }
        }
    }

    private IEnumerable<int> BooksOf(ApiKey key) => LineagePages.BooksOf(books, key);

    private void Touch(int book, long step)
    {
        if (spans.FirstOrDefault(span => span.Has(book, step)) is { } span) _touched.Add(span);
    }
}
