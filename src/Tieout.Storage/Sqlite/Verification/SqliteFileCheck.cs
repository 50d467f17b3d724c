using Tieout.Core.Ledger;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite.Verification;

/// <summary>Checks pages, types of values and indexes of a file, on a connection of its own while rows are looked at.</summary>
/// <remarks>Indexes of the largest tables are compared with the rows by a digest. Where anything is not as it should be, or could not be compared, SQLite's own
/// check of the whole file says what is wrong.</remarks>
/// <param name="isMapped">See <see cref="MappedFile"/>.</param>
/// <param name="smallBytes">Of a file up to this size, SQLite's check of the whole takes less than the others together.</param>
internal sealed class SqliteFileCheck(string file, bool isMapped, long smallBytes)
{
    private const string Whole = "PRAGMA integrity_check(100)";

    private readonly TaskCompletionSource<Sequences?> _last = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IndexDigests? _listed;
    private bool _isDone;

    /// <summary>Takes every row that is looked at.</summary>
    public IndexedRows Rows { get; } = new();

    /// <summary>Rows up to these are looked at; null: none will be.</summary>
    public void Begin(Sequences? last) => _last.TrySetResult(last);

    /// <summary>All that needs no rows. Returns after <see cref="Begin"/> was called.</summary>
    public void Run(Findings findings)
    {
        using var connection = Open();
        try
        {
            if (new FileInfo(file).Length > smallBytes && IsSound(connection))
            {
                _listed = _last.Task.GetAwaiter().GetResult() is { } last ? new IndexScan(connection, last).Read() : null;
                return;
            }
        }
        catch (StoreCorruptException)
        {
            // The report says more.
        }

        Report(connection, findings);
    }

    /// <summary>After <see cref="Run"/>, and after the last row was looked at.</summary>
    public void End(Findings findings)
    {
        if (_isDone) return;
        if (_listed == Rows.Digests)
        {
            findings.Checked("file");
            return;
        }

        using var connection = Open();
        Report(connection, findings);
    }

    private static bool IsSound(RawConnection connection) =>
        Answers(connection, "PRAGMA quick_check(1)") is ["ok"]
        && Names(connection, $"type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN ({Listed(IndexScan.Tables)})")
            .All(table => Answers(connection, $"PRAGMA integrity_check(\"{table.Replace("\"", "\"\"", StringComparison.Ordinal)}\")") is ["ok"])
        && Names(connection, $"type = 'index' AND tbl_name IN ({Listed(IndexScan.Tables)})").All(IndexScan.Indexes.Contains);

    private void Report(RawConnection connection, Findings findings)
    {
        _isDone = true;
        foreach (var answer in Answers(connection, Whole)) findings.Check("file", answer == "ok", $"{answer}");
    }

    private RawConnection Open()
    {
        var connection = RawConnection.Open(file, readOnly: true);
        if (isMapped) MappedFile.Map(connection);
        return connection;
    }

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name}'"));

    private static List<string> Names(RawConnection connection, string which) => Answers(connection, $"SELECT name FROM sqlite_schema WHERE {which}");

    private static List<string> Answers(RawConnection connection, string sql)
    {
        var answers = new List<string>();
        using var rows = connection.Prepare(sql);
        while (rows.Step()) answers.Add(rows.Text(0));
        return answers;
    }
}
