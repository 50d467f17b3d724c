using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.Inside;
using Tieout.Storage.Reconciliation;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Reconciliation of the whole book.</summary>
internal sealed partial class SqliteReader
{
    /// <summary>A checkpoint may be written between a look at memory and a look at the file; then again.</summary>
    private const int LooksMax = 5;

    public async Task<BookReport> ReconcileAsync(BookQuery query, CancellationToken cancellationToken)
    {
        try
        {
            await writer.FlushAsync();
        }
        catch (StoreUnavailableException)
        {
            // What is stored is then older than what is shown, and each is compared as of its own commit.
        }

        // Two connections on two threads: bytes against the chain, and what the rows say against each other.
        var damages = Task.Run(() => OnItsOwn(connection => DamagedRows.Find(new SqliteTables(connection))), cancellationToken);
        var report = await Task.Run(() => Reconcile(query), cancellationToken);
        return OnItsOwn(connection => DamagedRows.Explain(report, damages.GetAwaiter().GetResult(), new SqliteTables(connection)));
    }

    private BookReport Reconcile(BookQuery query)
    {
        var keys = Settings.Where(row => row.Kind == SettingKind.Key).Select(row => row.Name).ToHashSet(StringComparer.Ordinal);
        for (var look = 1; ; look++)
        {
            var (asOf, accounts, windows) = writer.Pipeline.Read(image => image.Figures);
            var report = OnItsOwn(connection =>
            {
                var checkpoint = connection.ReadInt64("SELECT commit_no FROM checkpoint");
                if (checkpoint > asOf && look < LooksMax) return null;
                return new BookRun(new SqliteTables(connection), query, keys).Run(checkpoint, checkpoint > asOf ? null : new ShownFigures(asOf, accounts, windows));
            });
            if (report is not null) return report;
        }
    }

    /// <summary>A long read has a connection of its own, as of one commit.</summary>
    private T OnItsOwn<T>(Func<RawConnection, T> read)
    {
        using var connection = RawConnection.Open(database, readOnly: true);
        connection.Execute("BEGIN");
        try
        {
            return read(connection);
        }
        finally
        {
            connection.RollBack();
        }
    }
}
