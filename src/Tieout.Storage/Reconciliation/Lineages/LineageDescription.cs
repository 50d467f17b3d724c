using Tieout.Core;
using Tieout.Core.Attribution.Audit;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Rows;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation.Lineages;

/// <summary>From defects of a page to findings: a few rows more are read of each.</summary>
internal static class LineageDescription
{
    /// <param name="book">The book of the operations.</param>
    /// <returns>Fewer than there are defects, where some are repaired.</returns>
    public static List<Finding> Of(ILineageBooks books, int book, IReadOnlyList<LineageDefect> defects, Instant now)
    {
        var findings = new List<Finding>();
        foreach (var part in defects.GroupBy(defect => BookOf(defect, book)))
        {
            findings.AddRange(books.Read(part.Key, tables => Of(tables, [.. part], now)));
        }

        return findings;
    }

    /// <summary>What another org was charged is in that org's book.</summary>
    private static int BookOf(LineageDefect defect, int book) => IsRebound(defect) ? defect.Step!.Usage!.Bucket : book;

    private static bool IsRebound(LineageDefect defect) => defect.Kind is LineageDefectKind.ChargedElsewhere or LineageDefectKind.RetriedElsewhere;

    private static List<Finding> Of(ILedgerTables tables, IReadOnlyList<LineageDefect> defects, Instant now)
    {
        BookRun? run = null;
        BookLabels? labels = null;
        var findings = new List<Finding>();
        foreach (var defect in defects)
        {
            Finding? rebound = null;
            if (IsRebound(defect))
            {
                run ??= new(tables, new(Instances.None, RuntimeDue: null, now), new HashSet<string>());
                rebound = run.Rebound(defect.Step!.Usage!.Seq, new(defect.Right!, defect.Step.Entry.Row.Step.Executor))
                    .FirstOrDefault(finding => finding.Code == FindingCode.IdentityRebind);
            }

            var finding = defect.Kind switch
            {
                LineageDefectKind.ChargedElsewhere => rebound,
                LineageDefectKind.WithoutUsage or LineageDefectKind.HoldOpen =>
                    Unused(tables, labels ??= new(tables, Instances.None, new HashSet<string>()), defect.Step!, now),
                _ => LineageFindings.Of(defect, rebound),
            };
            if (finding is not null) findings.Add(finding);
        }

        return findings;
    }

    private static Finding? Unused(ILedgerTables tables, BookLabels labels, AuditedStep step, Instant now)
    {
        if (!Guid.TryParse(step.Entry.Row.Step.Id, out var id)) return null;
        Hold? hold = null;
        if (step.Hold is { Seq: var seq })
        {
            using var rows = tables.Select($"SELECT {RowReads.HoldColumns} FROM holds h WHERE h.seq = ?", seq);
            if (rows.Step()) hold = RowReads.Hold(rows, no => labels[no]).Hold;
        }

        return step.Hold?.State switch
        {
            HoldState.Open when hold is not null => RowRules.OrphanHold(hold, now),
            HoldState.Settled when hold is not null => RowRules.SettledWithoutUsage(hold),
            _ => RowRules.SentWithoutUsage(step.Entry, new(id), hold),
        };
    }
}
