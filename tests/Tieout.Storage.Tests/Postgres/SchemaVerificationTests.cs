using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Verification;

namespace Tieout.Storage.Tests.Postgres;

/// <summary>L8: <c>verify</c> finds what was changed in the schema of a database, and changes nothing itself.</summary>
public sealed class SchemaVerificationTests
{
    [Fact]
    [Trait("Long", "yes")]
    public async Task L8_a_changed_schema_is_found_and_named()
    {
        var server = PostgresServer.Instance;
        var store = server.NewDatabase();
        var database = store.Split('/')[^1];
        await using (await PostgresLedger.OpenAsync(store)) { }
        Assert.Empty(await RowsAsync(store));

        foreach (var (damage, repair, finding) in (IEnumerable<(string, string, string)>)
        [
            ("CREATE FUNCTION stolen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER planted BEFORE INSERT ON postings FOR EACH ROW EXECUTE FUNCTION stolen()", "DROP FUNCTION stolen() CASCADE", "trigger postings.planted is not of this program"),
            ("CREATE RULE planted AS ON DELETE TO chain DO INSTEAD NOTHING", "DROP RULE planted ON chain", "rule chain.planted is not of this program"),
            ("ALTER TABLE chain ADD COLUMN planted int", "ALTER TABLE chain DROP COLUMN planted", "column chain.planted is not of this program"),
            ("ALTER TABLE settings ALTER COLUMN body DROP NOT NULL", "ALTER TABLE settings ALTER COLUMN body SET NOT NULL",
                "column settings.body is not as the migrations"),
            ("ALTER TABLE accounts SET UNLOGGED", "ALTER TABLE accounts SET LOGGED", "table accounts is not as the migrations"),
            ("CREATE POLICY planted ON accounts USING (false)", "DROP POLICY planted ON accounts", "policy accounts.planted is not of this program"),
            ("CREATE OR REPLACE FUNCTION micros_of(month timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 0::bigint'", "",
                "function micros_of(month timestamp without time zone) is not as the migrations"),
        ])
        {
            server.Sql(database, damage);
            Assert.Contains(await RowsAsync(store), row => row.StartsWith(finding, StringComparison.Ordinal));
            if (repair.Length > 0) server.Sql(database, repair);
        }
    }

    [Fact]
    public async Task L8_a_rewritten_view_and_a_dropped_unique_index_are_found_and_named()
    {
        var server = PostgresServer.Instance;
        var store = server.NewDatabase();
        var database = store.Split('/')[^1];
        await using (await PostgresLedger.OpenAsync(store)) { }
        var view = server.Sql(database, "SELECT viewname FROM pg_views WHERE schemaname = 'public' ORDER BY 1 LIMIT 1");
        server.Sql(database,
            $"DO $$ DECLARE old text := pg_get_viewdef('{view}'::regclass); BEGIN EXECUTE 'CREATE OR REPLACE VIEW {view} AS SELECT * FROM (' || rtrim(old, ';') || ') planted WHERE false'; END $$");
        Assert.Contains(
            await RowsAsync(store), row => row.StartsWith($"view {view} is not as the migrations of this program make it", StringComparison.Ordinal));

        server.Sql(database, "ALTER TABLE postings DROP CONSTRAINT postings_pkey CASCADE");
        var rows = await RowsAsync(store);
        Assert.Contains("index postings.postings_pkey is missing: the migrations of this program make it.", rows);
        Assert.Contains("constraint postings.postings_pkey is missing: the migrations of this program make it.", rows);
        Assert.Equal("0", server.Sql(database, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'tieout%'"));
    }

    [Fact]
    public async Task Other_peoples_tables_in_the_database_are_nobodys_finding()
    {
        var server = PostgresServer.Instance;
        var store = server.NewDatabase();
        await using (await PostgresLedger.OpenAsync(store)) { }
        server.Sql(store.Split('/')[^1], "CREATE TABLE theirs (id int PRIMARY KEY); CREATE VIEW their_view AS SELECT * FROM theirs");

        Assert.Empty(await RowsAsync(store));
    }

    private static async Task<IReadOnlyList<string>> RowsAsync(string store) =>
        (await PostgresVerification.RunAsync(store, cancellationToken: TestContext.Current.CancellationToken)).Checks.Single(
            check => check.Id == "schema").Rows;
}
