using System.IO.Compression;
using System.Security.Cryptography;
using Tieout.Core.Ledger;
using Tieout.Storage.Archive;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Detaching;

/// <summary>Detached rows, put back into a ledger of their own for as long as they are read.</summary>
internal static class ArchivedLedger
{
    /// <exception cref="StoreCorruptException">A file is not the one that the record of the ledger names.</exception>
    /// <exception cref="StoreUnavailableException">A file is missing.</exception>
    public static void Use(string archive, Detachment detached, Action<ILedgerTables> use)
    {
        var place = Directory.CreateTempSubdirectory("tieout-detached-").FullName;
        try
        {
            using var ledger = RawConnection.Open(DataFolder.DatabaseIn(place));
            ledger.Execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
            Schema.Migrate(ledger);
            ledger.Execute("BEGIN");
            using (var insert = new RowsPutBack(ledger))
            {
                foreach (var (name, sha256) in detached.Files) PutBack(Path.Combine(archive, name), sha256, insert);
            }

            ledger.Execute("COMMIT");
            use(new SqliteTables(ledger));
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }

    private static void PutBack(string path, string sha256, RowsPutBack insert)
    {
        if (!File.Exists(path)) throw new StoreUnavailableException($"{path} is missing: give the archive that has it.", StoreEffect.None, StoreFault.NotWritable);
        using var file = File.OpenRead(path);
        if (Convert.ToHexStringLower(SHA256.HashData(file)) != sha256)
        {
            throw new StoreCorruptException($"{path} is not the file that the rows were detached for: put it back from another copy.");
        }

        file.Position = 0;
        using var lines = new StreamReader(new GZipStream(file, CompressionMode.Decompress));
        while (lines.ReadLine() is { } line) insert.Put(line);
    }
}
