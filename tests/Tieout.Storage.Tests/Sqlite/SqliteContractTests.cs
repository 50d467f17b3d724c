using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
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

    internal override void Tamper(string sql)
    {
        using var file = RawConnection.Open(Path.Combine(_folder.File($"ledger{_opened}"), "tieout.db"));
        file.Execute(sql);
    }

    public override ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return base.DisposeAsync();
    }
}
