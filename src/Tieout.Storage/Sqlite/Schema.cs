using System.Globalization;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite;

/// <summary>Brings a database to the schema of this program: forward only, each step in one transaction, never edited once released.</summary>
internal static class Schema
{
    private const string Views = "sqlite-views.sql";

    /// <summary>Migrations in order; the resource <c>0001_ledger.sql</c> has number 1.</summary>
    private static readonly (int Number, string Name)[] Migrations =
    [
        .. typeof(Schema).Assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".sql", StringComparison.Ordinal) && char.IsAsciiDigit(name[0]))
            .Order(StringComparer.Ordinal)
            .Select(name => (int.Parse(name.AsSpan(0, 4), CultureInfo.InvariantCulture), name)),
    ];

    public static int Newest => Migrations[^1].Number;

    /// <exception cref="StoreUnavailableException">A newer program has written here.</exception>
    public static void Migrate(RawConnection connection)
    {
        connection.Execute("CREATE TABLE IF NOT EXISTS schema_version (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)");
        var version = Version(connection);
        if (version > Newest)
        {
            throw new StoreUnavailableException(
                $"The store has schema {version}; this program knows {Newest}. Use the newer program.", StoreEffect.None, StoreFault.NotWritable);
        }

        foreach (var (number, name) in Migrations)
        {
            if (number <= version) continue;
            connection.Execute("BEGIN IMMEDIATE");
            try
            {
                connection.Execute(Read(name));

                // The views go with the newest tables, in one transaction: no program sees the ones without the others.
                if (number == Newest) connection.Execute(ViewWords.Fill(Read(Views)));
                using var applied = connection.Prepare("INSERT INTO schema_version VALUES (?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))");
                applied.Bind(1, number);
                applied.Bind(2, name);
                applied.Run();
                connection.Execute("COMMIT");
            }
            finally
            {
                connection.RollBack();
            }
        }
    }

    /// <summary>The last migration that was applied; 0: none.</summary>
    public static int Version(RawConnection connection) => (int)connection.ReadInt64("SELECT coalesce(max(number), 0) FROM schema_version");

    private static string Read(string name)
    {
        using var stream = typeof(Schema).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
