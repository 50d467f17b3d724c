using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Tests.Contract;

namespace Tieout.Storage.Tests.Sqlite;

/// <summary>The embedded ledger keeps the contract.</summary>
public sealed class SqliteContractTests : LedgerContract
{
    private readonly TemporaryFolder _folder = new();
    private int _opened;

    internal override ILedger Open(bool fresh)
    {
        if (fresh) _opened++;
        return SqliteLedger.Open(_folder.File($"ledger{_opened}"), Clock);
    }

    internal override void AssertVerified() =>
        Verified.Clean(_folder.File($"ledger{_opened}"));

    internal override Task<VerificationReport> VerifyAsync() => Task.FromResult(SqliteVerification.Run(_folder.File($"ledger{_opened}")));

    internal override void Tamper(string sql) => Run("tieout.db", sql);

    internal override void TamperCounted(string sql) => Run("derived.db", sql);

    internal override void BreakCounted(string table, bool before)
    {
        foreach (var write in (ReadOnlySpan<string>)["INSERT", "UPDATE"])
        {
            TamperCounted($"CREATE TRIGGER broken_{write} {(before ? "BEFORE" : "AFTER")} {write} ON {table} BEGIN SELECT RAISE(ABORT, 'broken'); END");
        }
    }

    internal override void MendCounted(string table) => TamperCounted("DROP TRIGGER broken_INSERT; DROP TRIGGER broken_UPDATE");

    public override ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return base.DisposeAsync();
    }

    private void Run(string name, string sql)
    {
        using var file = RawConnection.Open(Path.Combine(_folder.File($"ledger{_opened}"), name));
        file.Execute(sql);
    }
}
