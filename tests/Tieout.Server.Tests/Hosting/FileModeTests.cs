using Tieout.Core.Tenancy;
using Tieout.Server.Tenancy;
using Tieout.Server.Tests.Gateway;
using Tieout.Storage;
using Tieout.Storage.Archive;
using Tieout.Storage.Sqlite;

namespace Tieout.Server.Tests.Hosting;

/// <summary>Whatever makes a file, it is the owner's alone: 0600, and its folder 0700, also under a umask that would leave it open.</summary>
public sealed class FileModeTests
{
    [Fact]
    public async Task Data_spool_uploads_backup_restore_archive_and_secrets_are_the_owners_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        var folder = Directory.CreateTempSubdirectory("tieout-modes-");
        try
        {
            string In(string name) => Path.Combine(folder.FullName, name);
            await using (var world = await World.StartAsync(change: options => options with { Spool = In("spool") }))
            {
                (await world.ChatAsync(World.Hello)).Dispose();
                AssertClosed(world.Folder.FullName);
                SqliteBackup.Write(world.Folder.FullName, In("backup.db"));
                LedgerArchive.WriteSqlite(world.Folder.FullName, new Month(2099, 1), In("archive"));
            }

            SqliteBackup.Restore(In("backup.db"), In("restored"));
            AdminTokenFile.Load(In("secrets"));
            Tieout.Server.Attribution.EnvelopeSecretFile.Load(In("secrets"));
            AssertClosed(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_start_closes_what_was_open_to_others_and_says_so()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        var world = await World.StartAsync();
        var database = Path.Combine(world.Folder.FullName, "tieout.db");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(database, PrivateFiles.FileBits | UnixFileMode.OtherRead);
        await using var again = await world.RestartedAsync();

        AssertClosed(world.Folder.FullName);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(database, PrivateFiles.FileBits | UnixFileMode.GroupRead);
        Assert.Equal([database], PrivateFiles.Close(world.Folder.FullName));
        Assert.Empty(PrivateFiles.Close(world.Folder.FullName));
    }

    private static void AssertClosed(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        foreach (var path in Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).Prepend(folder))
        {
            var mode = File.GetUnixFileMode(path);
            var closed = Directory.Exists(path) ? PrivateFiles.FolderBits : PrivateFiles.FileBits;
            Assert.True((mode & ~closed) == 0, $"{path} is {mode}");
        }
    }
}
