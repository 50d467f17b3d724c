using System.Globalization;
using System.Text;

namespace Tieout.Storage.Sqlite;

/// <summary>The folder with the ledger's file, and the right to be its only writer for as long as this lives.</summary>
/// <remarks>
/// <c>tieout.lock</c> is locked by the operating system, so it is free again the moment a process dies; <c>tieout.owner</c>
/// says who holds it, for the one that is refused.
/// </remarks>
internal sealed class DataFolder : IDisposable
{
    private const string LockFile = "tieout.lock";
    private const string OwnerFile = "tieout.owner";
    private const string RoomFile = "tieout.room";

    private readonly FileStream _lock;

    private DataFolder(string path, FileStream lockFile)
    {
        Path = path;
        _lock = lockFile;
    }

    public string Path { get; }

    public string Database => DatabaseIn(Path);

    public static string DatabaseIn(string folder) => System.IO.Path.Combine(folder, "tieout.db");

    /// <summary>Makes the folder if it is not there (readable by its owner only) and takes the lock.</summary>
    /// <exception cref="DataFolderInUseException">Another process, or another ledger of this one, holds it.</exception>
    /// <exception cref="StoreUnavailableException">The folder cannot be made or written.</exception>
    public static DataFolder Claim(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        try
        {
            PrivateFiles.CreateFolder(full);
            var lockFile = Lock(full);
            PrivateFiles.Write(System.IO.Path.Combine(full, OwnerFile), Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $"process {Environment.ProcessId} on {Environment.MachineName} since {DateTimeOffset.UtcNow:yyyy-MM-dd'T'HH:mm:ss'Z'}")));
            return new(full, lockFile);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException(
                $"The data folder {full} cannot be created or written: {failure.Message}", StoreEffect.None, StoreFault.NotWritable, failure);
        }
    }

    /// <summary>Writes a file of this size to the disk, and removes it.</summary>
    /// <exception cref="StoreUnavailableException">The disk does not take it.</exception>
    public void ProveRoom(int bytes)
    {
        var path = System.IO.Path.Combine(Path, RoomFile);
        try
        {
            PrivateFiles.Write(path, new byte[bytes]);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException(
                $"The disk of {Path} is full or cannot be written, so commits would fail: {failure.Message}", StoreEffect.None, StoreFault.Full, failure);
        }
        finally
        {
            File.Delete(path);
        }
    }

    public void Dispose()
    {
        File.Delete(System.IO.Path.Combine(Path, OwnerFile));
        _lock.Dispose();
    }

    private static FileStream Lock(string folder)
    {
        var file = System.IO.Path.Combine(folder, LockFile);
        try
        {
            return PrivateFiles.Open(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(file))
        {
            var owner = System.IO.Path.Combine(folder, OwnerFile);
            throw new DataFolderInUseException(folder, File.Exists(owner) ? File.ReadAllText(owner) : "");
        }
    }
}
