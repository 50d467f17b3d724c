namespace Tieout.Storage.Tests.Postgres.Statements;

/// <summary>A table as one query names it.</summary>
internal sealed record TableUse(string Name, string Alias)
{
    /// <summary>Whether the query says in which one bucket its rows are.</summary>
    public bool HasBucket { get; set; }
}

/// <summary>One query of a statement: the statement itself, or a sub-select in parentheses.</summary>
internal sealed class QueryScope(int first, int depth, bool isOutermost)
{
    private static readonly string[] Beginnings = ["SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "VALUES"];
    private static readonly string[] Clauses = ["SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FETCH", "RETURNING", "SET", "VALUES",
        "ON", "UNION", "FOR", "INTO"];

    public int Depth => depth;

    public bool IsOutermost => isOutermost;

    public List<TableUse> Tables { get; } = [];

    /// <summary>How many pairs of tables are joined on their buckets.</summary>
    public int Joined { get; private set; }

    private List<int> Own { get; } = [];

    /// <summary>The queries of a statement, and which distributed tables each names.</summary>
    public static List<QueryScope> Of(List<SqlToken> tokens, HashSet<string> distributed)
    {
        var all = new List<QueryScope> { new(0, 0, isOutermost: true) };
        var open = new Stack<QueryScope>(all);
        for (var i = 0; i < tokens.Count; i++)
        {
            while (open.Count > 1 && tokens[i].Depth < open.Peek().Depth) open.Pop();
            open.Peek().Own.Add(i);
            if (tokens[i].Text != "(" || i + 1 >= tokens.Count || !Beginnings.Contains(tokens[i + 1].Text.ToUpperInvariant())) continue;
            if (tokens[i + 1].Is("VALUES")) continue;

            // A query that a name is given to is not part of another one.
            var isNamed = i >= 1 && (tokens[i - 1].Is("AS") || tokens[i - 1].Is("MATERIALIZED"));
            open.Push(new(i + 1, tokens[i + 1].Depth, isNamed));
            all.Add(open.Peek());
        }

        var names = Enumerable.Range(1, Math.Max(0, tokens.Count - 1))
            .Where(i => tokens[i].Is("AS") && tokens[i - 1].IsName && i + 1 < tokens.Count && IsNamedQuery(tokens, i))
            .Select(i => tokens[i - 1].Text).ToHashSet(StringComparer.Ordinal);
        foreach (var scope in all) scope.Read([.. scope.Own.Select(i => tokens[i])], distributed, names);
        return all;
    }

    /// <summary>The tokens of a clause of this query, without its first word.</summary>
    public List<SqlToken> Clause(List<SqlToken> tokens, string name)
    {
        var begin = Own.FindIndex(i => tokens[i].Depth == depth && tokens[i].Is(name));
        if (begin < 0) return [];
        var from = Own[begin] + (name == "GROUP" ? 2 : 1);
        var to = from;
        while (to < tokens.Count && tokens[to].Depth >= depth
            && !(tokens[to].Depth == depth && (tokens[to].Text == ";" || Clauses.Contains(tokens[to].Text.ToUpperInvariant()))))
        {
            to++;
        }

        return tokens[from..to];
    }

    public IEnumerable<List<SqlToken>> Items(List<SqlToken> clause)
    {
        var item = new List<SqlToken>();
        foreach (var token in clause)
        {
            if (token.Text == "," && token.Depth == depth)
            {
                yield return item;
                item = [];
                continue;
            }

            item.Add(token);
        }

        if (item.Count > 0) yield return item;
    }

    public override string ToString() => $"{first}: {string.Join(", ", Tables.Select(table => table.Alias))}";

    private static bool IsNamedQuery(List<SqlToken> tokens, int at) =>
        tokens[at + 1].Text == "(" || tokens[at + 1].Is("MATERIALIZED")
            || (tokens[at + 1].Is("NOT") && at + 2 < tokens.Count && tokens[at + 2].Is("MATERIALIZED"));

    private void Read(List<SqlToken> own, HashSet<string> distributed, HashSet<string> queries)
    {
        var clause = "";
        for (var i = 0; i < own.Count; i++)
        {
            var token = own[i];
            var isOfQuery = token.Depth == depth;
            if (isOfQuery && Clauses.Contains(token.Text.ToUpperInvariant())) clause = token.Text.ToUpperInvariant();
            var isTable = isOfQuery
                && (token.Is("FROM") || token.Is("JOIN") || token.Is("INTO") || (token.Is("UPDATE") && i == 0) || (token.Text == "," && clause == "FROM"));
            if (token.Is("JOIN")) clause = "FROM";
            if (isTable) Take(own, i + 1, distributed, queries);
        }

        for (var i = 0; i + 2 < own.Count; i++)
        {
            if (!own[i].Is("bucket") || own[i + 1].Text != "=") continue;
            var alias = i >= 2 && own[i - 1].Text == "." ? own[i - 2].Text : null;
            if (own[i + 2].IsKnown)
            {
                foreach (var table in Tables.Where(table => alias is null ? Tables.Count == 1 : table.Alias == alias)) table.HasBucket = true;
            }
            else if (own[i + 2].IsName && i + 4 < own.Count && own[i + 4].Is("bucket"))
            {
                Joined++;
            }
        }

        if (own.Count > 3 && own[0].Is("INSERT")) Inserted(own);
    }

    private void Take(List<SqlToken> own, int at, HashSet<string> distributed, HashSet<string> queries)
    {
        var isQualified = at + 2 < own.Count && own[at].Is("public") && own[at + 1].Text == ".";
        if (isQualified) at += 2;
        if (at >= own.Count || !distributed.Contains(own[at].Text) || (!isQualified && queries.Contains(own[at].Text))) return;
        var name = own[at].Text;
        if (at + 1 < own.Count && own[at + 1].Is("AS")) at++;
        var isAliased = at + 1 < own.Count && own[at + 1].IsName && !IsWord(own[at + 1]);
        Tables.Add(new(name, isAliased ? own[at + 1].Text : name));
    }

    /// <summary>Each list of values begins with the bucket.</summary>
    private void Inserted(List<SqlToken> own)
    {
        var values = own.FindIndex(token => token.Is("VALUES"));
        if (values < 0 || Tables.Count == 0) return;
        var columns = own[..values];
        var isFirst = columns.Count < 5 || columns[3].Text != "(" || columns[4].Is("bucket");
        var lists = Enumerable.Range(values, own.Count - values - 1)
            .Where(i => own[i].Text == "(" && own[i].Depth == depth && (i == values + 1 || own[i - 1].Text == ",")).ToList();
        Tables[0].HasBucket = isFirst && lists.Count > 0 && lists.TrueForAll(i => own[i + 1].IsKnown && own[i + 1].Text == own[lists[0] + 1].Text);
    }

    private static bool IsWord(SqlToken token) =>
        Clauses.Contains(token.Text.ToUpperInvariant()) || token.Is("JOIN") || token.Is("LEFT") || token.Is("RIGHT") || token.Is("INNER") || token.Is("CROSS")
            || token.Is("FULL") || token.Is("NATURAL") || token.Is("USING");
}
