using System.Text.RegularExpressions;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Reconciliation;

/// <summary>Rows that are not as they were written (L8): every CRC and every link of the chain.</summary>
internal static partial class DamagedRows
{
    /// <param name="after">Begins after this commit, which was looked at before; null: at the first.</param>
    public static IReadOnlyList<Finding> Find(ILedgerTables tables, ChainRow? after = null)
    {
        var broken = new Findings(Findings.Ledger);
        var standing = new Standing(tables, broken, rowsOnly: true);
        if (after is null && tables.Detached is { } detached) after = Chain.At(tables, detached.Last.Commit);
        if (after is not null) standing.BeginAfter(after.Last.Setting);
        using (var chain = new ChainCheck(tables, standing, broken, after)) chain.Run(_ => { });
        return [.. Of(broken.Report.Checks.Single(check => check.Id == "L8").Rows)];
    }

    /// <summary>Puts the damages into a report. What another finding says of a damaged row is explained by its damage, and left out.</summary>
    public static BookReport Explain(BookReport report, IReadOnlyList<Finding> damages, ILedgerTables tables)
    {
        if (damages.Count == 0) return report;
        var (usage, postings, named) = (new HashSet<AttemptId>(), new HashSet<long>(), new List<Finding>());
        foreach (var damage in damages)
        {
            var row = (Repair.RestoreRow)damage.Repair;
            if (!long.TryParse(row.Row, out var number)) number = 0;
            if (row.Table == "postings") postings.Add(number);
            using var found = tables.Select(
                row.Table == "usage" ? "SELECT a.org, u.id FROM usage u JOIN attributions a ON a.no = u.attribution WHERE u.seq = ?"
                : "SELECT o.org FROM postings p JOIN settings o ON o.kind = 0 AND (SELECT count(*) FROM settings e WHERE e.kind = 0 AND e.seq < o.seq) = (p.debit - 1) / 4 WHERE p.seq = ?", number);
            var isFound = row.Table is "usage" or "postings" && found.Step();
            if (isFound && row.Table == "usage") usage.Add(new(found.Guid(1)));
            named.Add(isFound ? RowRules.HashBreak(row.Table, row.Row, damage.Cause, found.Text(0)) : damage);
        }

        var left = report.Findings.Where(
            finding => !(finding.Scope.Usage is { } of && usage.Contains(of)) && !(finding.Scope.Posting is { } posting && postings.Contains(posting)));
        return report with { Findings = [.. left, .. named] };
    }

    /// <summary>The chain's link over a damaged row breaks with it: one damage, one finding.</summary>
    private static IEnumerable<Finding> Of(IEnumerable<string> problems)
    {
        var rows = 0;
        foreach (var problem in problems)
        {
            if (Named().Match(problem) is not { Success: true } named) continue;
            var table = named.Groups[1].Value;
            if (table == "chain")
            {
                if (rows > 0 && problem.Contains("its hash", StringComparison.Ordinal))
                {
                    rows = 0;
                    continue;
                }
            }
            else
            {
                rows++;
            }

            yield return RowRules.HashBreak(table, named.Groups[2].Value, problem, org: null);
        }
    }

    [GeneratedRegex(@"^(\w+) (\S+)")]
    private static partial Regex Named();
}
