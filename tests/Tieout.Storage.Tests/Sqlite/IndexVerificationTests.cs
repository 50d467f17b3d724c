using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tests.Ledger;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Storage.Tests.Sqlite;

/// <summary>An index that does not list what its table has is found, whichever way <c>verify</c> compares the two.</summary>
public sealed class IndexVerificationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeClock _clock = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("usage_id", "UPDATE usage SET id = zeroblob(16) WHERE seq = 1", "row 1 missing from index usage_id")]
    [InlineData("usage_id", "DELETE FROM usage WHERE seq = 2", "wrong # of entries in index usage_id")]
    [InlineData("holds_id", "UPDATE holds SET id = zeroblob(16) WHERE seq = 1", "row 1 missing from index holds_id")]
    [InlineData("holds_operation", "UPDATE holds SET operation_id = 'another' WHERE seq = 2", "row 2 missing from index holds_operation")]
    [InlineData("postings_reverses", "UPDATE postings SET reverses = 1 WHERE seq = 2", "row 2 missing from index postings_reverses")]
    [InlineData("objects_id", "UPDATE objects SET id = 'another' WHERE seq = 1", "row 1 missing from index objects_id")]
    public async Task L8_an_index_that_lacks_a_row_is_found_and_named(string index, string change, string says)
    {
        await SampleAsync();
        using (var file = RawConnection.Open(DataFolder.DatabaseIn(_folder.Path)))
        {
            file.Execute($"CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = '{index}'");
            file.Execute($"PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = '{index}'");
        }

        // The file's schema is read anew: this connection knows no such index, and changes the table alone.
        using (var file = RawConnection.Open(DataFolder.DatabaseIn(_folder.Path))) file.Execute(change);
        using (var file = RawConnection.Open(DataFolder.DatabaseIn(_folder.Path)))
        {
            file.Execute("PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM kept");
        }

        using (var file = RawConnection.Open(DataFolder.DatabaseIn(_folder.Path))) file.Execute("DROP TABLE kept");
        Assert.Contains(File(), row => row.Contains(says, StringComparison.Ordinal));
    }

    [Fact]
    public async Task L8_one_id_of_two_rows_is_found_where_their_index_lists_both()
    {
        await SampleAsync();
        using (var file = RawConnection.Open(DataFolder.DatabaseIn(_folder.Path)))
        {
            file.Execute("""
                DROP INDEX usage_id;
                UPDATE usage SET id = (SELECT id FROM usage WHERE seq = 2) WHERE seq = 1;
                CREATE INDEX usage_id ON usage (id);
                PRAGMA writable_schema = ON;
                UPDATE sqlite_schema SET sql = 'CREATE UNIQUE INDEX usage_id ON usage (id)' WHERE name = 'usage_id'
                """);
        }

        Assert.Contains(File(), row => row.Contains("non-unique entry in index usage_id", StringComparison.Ordinal));
    }

    [Fact]
    public async Task L8_an_index_of_another_program_is_looked_at_too()
    {
        await SampleAsync();
        using (var file = RawConnection.Open(DataFolder.DatabaseIn(_folder.Path)))
        {
            file.Execute("""
                CREATE INDEX planted ON usage (trace_id) WHERE seq > 1;
                PRAGMA writable_schema = ON;
                UPDATE sqlite_schema SET sql = 'CREATE INDEX planted ON usage (trace_id)' WHERE name = 'planted'
                """);
        }

        Assert.Contains(File(), row => row.Contains("row 1 missing from index planted", StringComparison.Ordinal));
    }

    // Rows of a list are looked for stretch by stretch, with at most one other row between two.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rows_are_found_by_their_numbers_in_either_order(bool oldestFirst)
    {
        await SampleAsync(usage: 40);
        using var file = RawConnection.Open(DataFolder.DatabaseIn(_folder.Path), readOnly: true);
        long[][] all =
        [
            [1], [40], [1, 40], [1, 2, 3], [2, 4, 6, 9, 10], [1, 3, 6, 7, 20, 22, 24, 39, 41, 90],
            [.. Enumerable.Range(1, 40).Select(no => (long)no)],
        ];
        foreach (var numbers in all)
        {
            var found = new List<long>();
            new SqliteTables(file).Usage(RowReads.UsageColumns, numbers, 0, oldestFirst, row => found.Add(row.Int64(0)));
            var expected = numbers.Where(no => no <= 40);
            Assert.Equal(oldestFirst ? expected : expected.Reverse(), found.Where(numbers.Contains));
        }
    }

    /// <summary>Indexes are compared by digest, as of a large file.</summary>
    private IReadOnlyList<string> File() =>
        SqliteVerification.Run(_folder.Path, new SqliteVerificationRequest(SmallBytes: 0)).Checks.Single(check => check.Id == "file").Rows;

    private async Task SampleAsync(int usage = 3)
    {
        await using (var ledger = SqliteLedger.Open(_folder.Path, _clock))
        {
            AttemptId Id(int no) => new(new Guid(no, 1, 0, new byte[8]));
            var labels = Make.Labels(team: "red");
            Command[] commands =
            [
                Make.OpenOrg(), Make.TopUp(100_000, "start"),
                .. Enumerable.Range(1, usage).Select(no => Make.Charge(no, 1, labels, at: _clock.Now)),
                new Command.PlaceHold(Id(1), labels, null, "op1", new Amount(1), TimeSpan.FromMinutes(1)),
                new Command.PlaceHold(Id(2), labels, null, "op2", new Amount(1), TimeSpan.FromMinutes(1)),
                new Command.KeepObject(Make.Object("resp_1")),
            ];
            foreach (var outcome in await ledger.SubmitAsync(commands, TestContext.Current.CancellationToken)) Assert.IsType<Outcome.Done>(outcome);
        }

        Verified.Clean(_folder.Path);
        Assert.Empty(File());
    }
}
