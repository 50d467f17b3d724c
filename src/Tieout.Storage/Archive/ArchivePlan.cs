using Tieout.Core;
using Tieout.Core.Tenancy;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Follower;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Reading;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Storage.Archive;

/// <summary>Which months of a ledger an archive can stand in for, and what still needs the rows of the others. It only reads.</summary>
/// <param name="Archive">The verification of the archive, and its comparison with the ledger's chain.</param>
public sealed record ArchivePlan(VerificationReport Archive, IReadOnlyList<PlannedMonth> Months)
{
    /// <summary>Whether the archive is right and nothing needs the rows of any month.</summary>
    public bool Ok => Archive.Ok && Months.All(month => month.Obstacles.Count == 0);

    /// <summary>Looks at a data folder, also while a server uses it.</summary>
    /// <param name="before">Months before this one, in UTC, by the time at which rows were recorded.</param>
    /// <param name="progress">Rows of the ledger that are compared with the archive.</param>
    /// <exception cref="StoreUnavailableException">There is no archive or no ledger, or it cannot be read.</exception>
    /// <exception cref="StoreCorruptException">A row that decides cannot be read.</exception>
    public static async Task<ArchivePlan> OfSqliteAsync(
        string folder, Month before, string archive, Instant now, IProgress<RowProgress>? progress = null)
    {
        var file = DataFolder.DatabaseIn(folder);
        if (!File.Exists(file)) throw new StoreUnavailableException($"There is no ledger in {folder}.", StoreEffect.None, StoreFault.NotWritable);
        var verified = await ArchiveVerification.RunAsync(archive, folder);
        using var connection = RawConnection.Open(file, readOnly: true);
        var book = new PlannedBook(new SqliteTables(connection), archive, before, now, new(progress))
        {
            OpenFindings = SqliteFindingsReader.Open,
            OpenFindingValues = PlannedBook.SqliteValues,
            Followed = Followed(folder),
        };
        return new(verified, book.Months(verified.Ok, CancellationToken.None));
    }

    /// <inheritdoc cref="OfSqliteAsync"/>
    /// <param name="store">The address of a PostgreSQL store.</param>
    public static async Task<ArchivePlan> OfPostgresAsync(
        string store, Month before, string archive, Instant now, CancellationToken cancellationToken, IProgress<RowProgress>? progress = null)
    {
        var verified = await ArchiveVerification.RunAsync(archive, store: store);
        var (months, rows) = (new List<PlannedMonth>(), new ArchivedRows(progress));
        await LedgerArchive.EachBucketAsync(store, (tables, bucket) =>
        {
            var book = new PlannedBook(tables, archive, before, now, rows)
            {
                OpenFindings = Postgres.Reading.PostgresFindingsReader.Open,
                OpenFindingValues = PlannedBook.PostgresValues(bucket),
                Followed = PlannedBook.Position(tables),
            };
            months.AddRange(book.Months(verified.Ok, cancellationToken));
        });
        return new(verified, months);
    }

    /// <summary>The follower of an embedded ledger has a file of its own; null: it cannot be read.</summary>
    private static (long Commit, byte[] Hash)? Followed(string folder)
    {
        if (!File.Exists(DerivedFile.In(folder))) return null;
        try
        {
            using var derived = RawConnection.Open(DerivedFile.In(folder), readOnly: true);
            return PlannedBook.Position(new SqliteTables(derived));
        }
        catch (Exception e) when (e is StoreUnavailableException or StoreCorruptException)
        {
            return null;
        }
    }
}

/// <summary>A month of one book's chain: what an archive could stand in for, and what needs the rows where they are.</summary>
/// <param name="Bucket">0 for an embedded ledger.</param>
/// <param name="Month"><c>2026-10</c>, in UTC, by the time at which rows were recorded.</param>
/// <param name="Bytes">Of the archive's file, compressed.</param>
/// <param name="Orgs">Those whose balances moved.</param>
/// <param name="Obstacles">One sentence each: what needs the rows, and what to do. Empty: nothing needs them.</param>
public sealed record PlannedMonth(
    int Bucket, string Month, long FirstCommit, long LastCommit, long Usage, long Postings, long Holds, long Bytes, IReadOnlyList<string> Orgs,
    IReadOnlyList<string> Obstacles);
