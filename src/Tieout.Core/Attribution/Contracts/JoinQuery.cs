using System.Collections.Immutable;
using System.Text;
using Tieout.Core.Metering;

namespace Tieout.Core.Attribution.Contracts;

/// <summary>Completeness as a query that anybody can run again, on either store: it reads rows, where the report reads what was counted of them.</summary>
public static class JoinQuery
{
    /// <summary>Billable usage of an org by its source, and how much of it lacks nothing.</summary>
    /// <param name="from">The range is half-open, by the time that usage counts at.</param>
    public static string Sql(JoinContract contract, string org, Instant from, Instant to)
    {
        var sql = new StringBuilder()
            .Append("-- ").Append(contract.Name).Append(' ').Append(contract.Version).AppendLine(": billable usage by source, and how much of it lacks nothing")
            .AppendLine("SELECT usage_source, count(*) AS billable, sum(CASE");
        foreach (var sources in Enum.GetValues<UsageSource>().Where(source => source != UsageSource.SharedCost)
            .GroupBy(source => Condition(contract.Requirements(source)), StringComparer.Ordinal))
        {
            sql.Append("  WHEN usage_source IN (").AppendJoin(", ", sources.Select(source => $"'{Name(source)}'")).Append(')').Append(sources.Key).AppendLine(" THEN 1");
        }

        return sql.AppendLine("  ELSE 0 END) AS complete").AppendLine("FROM usage_records")
            .Append("WHERE org_id = '").Append(org).AppendLine("' AND CAST(charge AS numeric) <> 0")
            .Append("  AND effective_at >= '").Append(from).Append("' AND effective_at < '").Append(to).AppendLine("'")
            .Append("GROUP BY usage_source ORDER BY usage_source").ToString();
    }

    private static string Name(UsageSource source) => LabelDimension.All.First(label => label.Name == "source").Of(new() { Org = "", Source = source })!;

    private static string Condition(ImmutableArray<Requirement> requirements) => string.Concat(
        requirements.Select(requirement => $" AND ({string.Join(" OR ", requirement.AnyOf.Select(field => $"{field.Column} IS NOT NULL"))})"));
}
