namespace Tieout.Storage.Tests.Postgres;

/// <summary>SQL after which every write to a table fails.</summary>
internal static class BrokenTable
{
    /// <param name="before">Whether it fails before the row is written, or after.</param>
    public static string Break(string table, bool before) => $"""
        CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$;
        CREATE TRIGGER broken {(before ? "BEFORE" : "AFTER")} INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION broken()
        """;

    public static string Mend(string table) => $"DROP TRIGGER broken ON {table}; DROP FUNCTION broken()";
}
