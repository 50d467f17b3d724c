using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Storage.Tests.Sqlite;

internal static class Verified
{
    /// <summary>Says every broken row. Without M3: histories charge what they like, whatever the price says.</summary>
    public static void Clean(string folder) =>
        Assert.Equal("",
            string.Join('\n',
                SqliteVerification.Run(folder).Checks.Where(check => check.Id != "M3").SelectMany(check => check.Rows.Select(row => $"{check.Id}: {row}"))));
}
