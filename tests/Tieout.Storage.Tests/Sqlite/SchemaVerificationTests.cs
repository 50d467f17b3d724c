using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Storage.Tests.Sqlite;

/// <summary>L8: <c>verify</c> finds what was changed in the schema, also where no row has changed yet; while a server has the file as well as without
/// one.</summary>
public sealed class SchemaVerificationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("CREATE TRIGGER planted AFTER INSERT ON postings BEGIN UPDATE accounts SET posted = 0; END",
        "trigger planted is not of this program: CREATE TRIGGER planted")]
    [InlineData("CREATE VIEW planted AS SELECT 1", "view planted is not of this program")]
    [InlineData("CREATE TABLE planted (x)", "table planted is not of this program")]
    [InlineData("ALTER TABLE postings ADD COLUMN planted TEXT", "table postings is not as the migrations of this program make it")]
    [InlineData("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'postings'",
        "table postings is not as the migrations of this program make it")]
    public async Task L8_a_changed_schema_is_found_and_named(string damage, string finding)
    {
        var path = _folder.File("ledger");
        await using (SqliteLedger.Open(path))
        {
            using var online = RawConnection.Open(Path.Combine(path, "tieout.db"));
            online.Execute(damage);
            Assert.Contains(Rows(path), row => row.StartsWith(finding, StringComparison.Ordinal));
        }

        Assert.Contains(Rows(path), row => row.StartsWith(finding, StringComparison.Ordinal));
    }

    [Fact]
    public async Task L8_each_index_that_is_dropped_is_found_and_named()
    {
        var path = _folder.File("ledger");
        await using (SqliteLedger.Open(path)) { }
        Assert.Empty(Rows(path));
        using var file = RawConnection.Open(Path.Combine(path, "tieout.db"));
        List<string> indexes = [];
        using (var named = file.Prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"))
        {
            while (named.Step()) indexes.Add(named.Text(0)!);
        }

        Assert.NotEmpty(indexes);
        foreach (var index in indexes) file.Execute($"DROP INDEX {index}");
        Assert.Equal(indexes.Order(StringComparer.Ordinal).Select(index => $"index {index} is missing: the migrations of this program make it."), Rows(path));
    }

    private static IReadOnlyList<string> Rows(string path) => SqliteVerification.Run(path).Checks.Single(check => check.Id == "schema").Rows;
}
