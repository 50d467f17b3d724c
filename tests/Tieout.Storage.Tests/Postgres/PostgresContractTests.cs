using Tieout.Storage.Postgres;
using Tieout.Storage.Postgres.Verification;
using Tieout.Storage.Tests.Contract;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Tests.Postgres;

/// <summary>The ledger on PostgreSQL keeps the contract. One bucket, so that its numbers are those of the one book in memory.</summary>
public sealed class PostgresContractTests : LedgerContract
{
    private string _database = "";

    /// <summary>A history takes seconds here. The file has eight times as many each time; so has this with TIEOUT_LONG=1.</summary>
    private protected override int HistoriesTried => Environment.GetEnvironmentVariable("TIEOUT_LONG") == "1" ? 25 : 3;

    internal override ILedger Open(bool fresh)
    {
        if (fresh) _database = PostgresServer.Instance.NewDatabase();
        return Task.Run(() => PostgresLedger.OpenAsync(_database, buckets: 1, LedgerWriter.BatchMax, Clock)).GetAwaiter().GetResult();
    }

    internal override void AssertVerified() => PostgresVerified.Clean(_database);

    internal override Task<VerificationReport> VerifyAsync() => PostgresVerification.RunAsync(_database, cancellationToken: Cancel);

    internal override void Tamper(string sql) => PostgresServer.Instance.Sql(new Uri(_database).AbsolutePath[1..], sql);

    internal override void TamperCounted(string sql) => Tamper(sql);

    internal override void BreakCounted(string table, bool before) => Tamper(BrokenTable.Break(table, before));

    internal override void MendCounted(string table) => Tamper(BrokenTable.Mend(table));
}
