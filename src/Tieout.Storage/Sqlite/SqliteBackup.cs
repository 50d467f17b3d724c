using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite;

/// <summary>A copy of an embedded ledger as of one commit, and the way back.</summary>
public static class SqliteBackup
{
    /// <summary>Copies the ledger of a data folder, also while a server uses it: the copy is one commit's state, whole or not there at all.</summary>
    /// <param name="file">Where the copy goes. Nothing may be there yet.</param>
    /// <exception cref="StoreUnavailableException">There is no ledger, or the copy cannot be written.</exception>
    public static void Write(string folder, string file)
    {
        var source = DataFolder.DatabaseIn(folder);
        if (!File.Exists(source)) throw new StoreUnavailableException($"There is no ledger in {folder}.", StoreEffect.None, StoreFault.NotWritable);
        if (File.Exists(file))
        {
            throw new StoreUnavailableException($"{file} exists. A backup is never written over another.", StoreEffect.None, StoreFault.NotWritable);
        }

        var unfinished = file + ".unfinished";
        File.Delete(unfinished);
        try
        {
            PrivateFiles.Touch(unfinished);
            using (var connection = RawConnection.Open(source, readOnly: true))
            using (var copy = connection.Prepare("VACUUM INTO ?"))
            {
                copy.Bind(1, unfinished);
                copy.Run();
            }

            using (var written = PrivateFiles.Open(unfinished, FileMode.Open, FileAccess.ReadWrite)) written.Flush(flushToDisk: true);
            File.Move(unfinished, file, overwrite: false);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>Puts a backup into a data folder that has no ledger.</summary>
    /// <exception cref="DataFolderInUseException">A server has the folder.</exception>
    /// <exception cref="StoreUnavailableException">There is no such backup, or the folder has a ledger: it is never written over.</exception>
    public static void Restore(string file, string folder)
    {
        if (!File.Exists(file)) throw new StoreUnavailableException($"The backup {file} does not exist.", StoreEffect.None, StoreFault.NotWritable);
        using var claimed = DataFolder.Claim(folder);
        if (File.Exists(claimed.Database))
        {
            throw new StoreUnavailableException($"{folder} has a ledger already. Restore into an empty folder.", StoreEffect.None, StoreFault.NotWritable);
        }

        var unfinished = claimed.Database + ".unfinished";
        PrivateFiles.Copy(file, unfinished);
        File.Move(unfinished, claimed.Database, overwrite: false);
    }
}
