using Npgsql;
using Tieout.Storage.Postgres;

namespace Tieout.Storage.Tests.Postgres;

/// <summary>The address of a store: hosts, TLS, and no password in any message.</summary>
public sealed class PostgresAddressTests
{
    [Fact]
    public void An_address_says_how_the_connection_is_encrypted_and_checked()
    {
        using var source =
            PostgresAddress.Source(
                "postgres://tieout:s%40cret@db.example.com:6543/book?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&sslcert=/etc/me.pem&sslkey=/etc/me.key&passfile=/etc/pgpass");
        var settings = new NpgsqlConnectionStringBuilder(source.ConnectionString);

        Assert.Equal(("db.example.com", 6543, "book", "tieout"), (settings.Host, settings.Port, settings.Database, settings.Username));
        Assert.Equal((SslMode.VerifyFull, "/etc/ca.pem", "/etc/me.pem", "/etc/me.key", "/etc/pgpass"),
            (settings.SslMode, settings.RootCertificate, settings.SslCertificate, settings.SslKey, settings.Passfile));
    }

    [Fact]
    public async Task Of_several_hosts_the_one_that_answers_is_used()
    {
        var server = PostgresServer.Instance;
        var database = server.NewDatabase().Split('/')[^1];
        await using var source = PostgresAddress.Source($"postgres://tieout@127.0.0.1:1,127.0.0.1:{server.Port}/{database}?target_session_attrs=read-write");
        await using var command = source.CreateCommand("SELECT current_database()");

        Assert.Equal(database, await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_ledger_opens_at_an_address_with_several_hosts()
    {
        var server = PostgresServer.Instance;
        var database = server.NewDatabase().Split('/')[^1];
        await using var ledger = await PostgresLedger.OpenAsync($"postgres://tieout@127.0.0.1:1,127.0.0.1:{server.Port}/{database}");

        Assert.True(ledger.Health.IsWritable);
    }

    [Theory]
    [InlineData("postgres://u:pa55word@h", "write postgres://")]
    [InlineData("postgres://u:pa55word@h:99999/db", "write postgres://")]
    [InlineData("postgres://u:pa55word@/db", "write postgres://")]
    [InlineData("postgres://u:pa55word@h,/db", "write postgres://")]
    [InlineData("mysql://u:pa55word@h/db", "write postgres://")]
    [InlineData("postgres://u:pa55word@h/db?sslmodus=require", "the parameter 'sslmodus' is not known; known are sslmode, sslrootcert")]
    [InlineData("postgres://u:pa55word@h/db?sslmode=yes", "'yes' is not an sslmode")]
    [InlineData("postgres://u:pa55word@h/db?sslmode=require&sslmode=disable", "the parameter sslmode is given twice")]
    [InlineData("postgres://u:pa55word@h/db?sslmode=require&sslrootcert=/ca.pem", "sslrootcert has no effect with this sslmode")]
    [InlineData("postgres://u:pa55word@h/db?target_session_attrs=leader", "'leader' is not a target_session_attrs")]
    public void What_is_no_address_is_refused_without_its_password(string address, string flaw)
    {
        Assert.False(PostgresAddress.IsOne(address));
        Assert.StartsWith(flaw, PostgresAddress.Validate(address), StringComparison.Ordinal);
        var refused = Assert.Throws<ArgumentException>(() => PostgresAddress.Source(address));
        Assert.DoesNotContain("pa55word", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("pa55word", PostgresAddress.Shown(address), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://u@127.0.0.1/db", false)]
    [InlineData("postgres://u@localhost,[::1]:6000/db", false)]
    [InlineData("postgres://u@db.example.com/db", true)]
    [InlineData("postgres://u@db.example.com/db?sslmode=prefer", true)]
    [InlineData("postgres://u@db.example.com/db?sslmode=require", false)]
    public void A_store_on_another_machine_without_TLS_is_noticed(string address, bool unprotected) =>
    Assert.Equal(unprotected, PostgresAddress.IsUnprotected(address));
}
