using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite;

namespace Tieout.Storage.Postgres.Writing;

/// <summary>How an account stands, as stored; what else it is, its org says.</summary>
internal sealed record StoredAccount(int No, Amount Debits, Amount Credits, Amount Held, long Version, string Grants)
{
    public static StoredAccount Read(IRow row) => new(RowReads.Int32(row, 0), row.Amount(1), row.Amount(2), row.Amount(3), row.Int64(4), row.Text(5));

    public Account Of(Book book)
    {
        var account = book.Account(No).Copy();
        account.Debits = Debits;
        account.Credits = Credits;
        account.Held = Held;
        account.Version = Version;
        account.Grants = [.. CheckpointTables.ReadGrants(Grants)];
        return account;
    }
}
