using Tieout.Storage.Postgres.Verification;

namespace Tieout.Storage.Tests.Postgres;

internal static class PostgresVerified
{
    /// <inheritdoc cref="Sqlite.Verified.Clean"/>
    public static void Clean(string store)
    {
        var report = Task.Run(() => PostgresVerification.RunAsync(store)).GetAwaiter().GetResult();
        Assert.Equal("", string.Join('\n', report.Checks.Where(check => check.Id != "M3").SelectMany(check => check.Rows.Select(row => $"{check.Id}: {row}"))));
        Assert.True(report.Checks.Single(check => check.Id == "L8").Checked > 0);
    }
}
