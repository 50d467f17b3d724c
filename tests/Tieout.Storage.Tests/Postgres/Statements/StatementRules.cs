using System.Text.RegularExpressions;
using Tieout.Tests;

namespace Tieout.Storage.Tests.Postgres.Statements;

/// <summary>The rules that a statement keeps so that a distributed database (Citus) takes it. Numbered as in
/// <c>src/Tieout.Storage/Postgres/README.md</c>.</summary>
internal static partial class StatementRules
{
    /// <summary>As <c>deploy/citus.sql</c> has them, which a test compares with the tables that there are.</summary>
    public static readonly HashSet<string> Distributed =
        [.. DistributedTables().Matches(File.ReadAllText(Repo.Path("deploy/citus.sql"))).Select(match => match.Groups[1].Value)];

    private static readonly string[] Volatile = ["clock_timestamp", "timeofday", "random", "gen_random_uuid", "nextval", "setval", "pg_sleep", "txid_current"];
    private static readonly string[] Aggregates = ["count", "sum", "min", "max", "avg", "string_agg", "array_agg", "percentile_cont", "bool_or", "bool_and"];

    /// <summary>What a distributed database would refuse or do slowly; empty: nothing.</summary>
    public static IReadOnlyList<string> Broken(string sql) => [.. Check(SqlToken.Of(sql)).Distinct()];

    /// <summary>Whether the statement goes to all shards: no table of it names one bucket.</summary>
    public static bool IsFanOut(string sql) =>
        QueryScope.Of(SqlToken.Of(sql), Distributed).SelectMany(scope => scope.Tables).ToList() is { Count: > 0 } tables
            && tables.TrueForAll(table => !table.HasBucket);

    private static IEnumerable<string> Check(List<SqlToken> tokens)
    {
        if (tokens.Count == 0) yield break;
        var scopes = QueryScope.Of(tokens, Distributed);
        var tables = scopes.SelectMany(scope => scope.Tables).ToList();
        if (tables.Count == 0) yield break;
        var first = tokens[0];
        var isFanOut = tables.TrueForAll(table => !table.HasBucket);
        foreach (var table in tables)
        {
            if (!isFanOut && !table.HasBucket) yield return $"rule 1: '{table.Alias}' does not name its bucket as a parameter or a constant";
        }

        if (isFanOut)
        {
            foreach (var scope in scopes.Where(scope => scope is { IsOutermost: false, Tables.Count: > 0 }))
            {
                yield return $"rule 1: the sub-select over '{scope.Tables[0].Name}' names no bucket";
            }

            foreach (var scope in scopes.Where(scope => scope.Tables.Count > scope.Joined + 1))
            {
                yield return "rule 1: tables that go to all shards are joined on their bucket";
            }

            if (Has("FOR") && Has("UPDATE")) yield return "rule 1: rows are locked in one bucket only";
        }

        if (first.Is("UPDATE") || first.Is("DELETE") || first.Is("INSERT"))
        {
            foreach (var token in tokens.Where(token => Volatile.Contains(token.Text, StringComparer.OrdinalIgnoreCase)))
            {
                yield return $"rule 2: {token.Text} is volatile: read it first, and pass it in";
            }
        }

        if (Has("current_setting") || (first.Is("CREATE") && (Has("TEMP") || Has("TEMPORARY"))))
        {
            yield return "rule 3: the bucket is a parameter or a constant, never a setting of the session";
        }

        if (first.Is("INSERT") && Has("VALUES") && !tables[0].HasBucket)
        {
            yield return "rule 1: every row of an insert begins with the same bucket, a parameter or a constant";
        }

        if (first.Is("INSERT") && !Has("VALUES")) yield return "rule 4: an insert is a VALUES list; selected rows go through the coordinator";
        foreach (var ungrouped in scopes.SelectMany(scope => Ungrouped(tokens, scope)))
        {
            if (isFanOut) yield return $"rule 5: GROUP BY does not name '{ungrouped}' as it is selected";
        }

        bool Has(string word) => tokens.Exists(token => token.Is(word));
    }

    /// <summary>What is selected beside aggregates and is no item of GROUP BY: expressions over a group belong in an outer query.</summary>
    public static IEnumerable<string> Ungrouped(List<SqlToken> tokens, QueryScope scope)
    {
        var group = scope.Clause(tokens, "GROUP");
        if (group.Count == 0) yield break;
        var items = scope.Items(group).Select(Text).ToList();
        var number = 0;
        foreach (var item in scope.Items(scope.Clause(tokens, "SELECT")))
        {
            number++;
            var named = item.FindLastIndex(token => token.Is("AS") && token.Depth == scope.Depth);
            var (expression, alias) = named < 0 ? (item, "") : (item[..named], item[named + 1].Text);
            if (items.Contains(Text(expression)) || items.Contains(alias) || items.Contains($"{number}")) continue;
            if (expression.Exists(token => token.IsName && !Aggregates.Contains(token.Text, StringComparer.OrdinalIgnoreCase)) && !IsAggregateAlone(expression))
            {
                yield return Text(expression);
            }
        }
    }

    private static bool IsAggregateAlone(List<SqlToken> expression)
    {
        if (!Aggregates.Contains(expression[0].Text, StringComparer.OrdinalIgnoreCase)) return false;
        var depth = expression[0].Depth;

        // FILTER, WITHIN GROUP and a cast belong to it; anything joined to it does not.
        return expression.Skip(1).Where(token => token.Depth == depth)
            .All(token => token.Text is "(" or ")" or "::" || token.Is("FILTER") || token.Is("WITHIN") || token.Is("GROUP") || token.Is("bigint")
                || token.Is("int"));
    }

    private static string Text(List<SqlToken> tokens) => string.Concat(tokens.Select(token => token.Text));

    [GeneratedRegex(@"create_distributed_table\('(\w+)'")]
    private static partial Regex DistributedTables();
}
