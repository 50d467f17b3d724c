using System.Runtime.InteropServices;

namespace Tieout.Storage;

/// <summary>Makes every file and folder of Tieout: files 0600, folders 0700, whatever the umask of the process is. Nothing else in the product may make one; an
/// analyzer bans it.</summary>
/// <remarks>Ledgers, spools, archives and exports hold other people's bills, and secrets lie beside them.</remarks>
public static partial class PrivateFiles
{
    public const UnixFileMode FileBits = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    public const UnixFileMode FolderBits = FileBits | UnixFileMode.UserExecute;

    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite
            | UnixFileMode.OtherExecute;

    private const uint UmaskOthers = 0b000_111_111;

    /// <summary>Makes a folder and those above it, as far as they do not exist.</summary>
    public static void CreateFolder(string path)
    {
        // One by one: the runtime gives the mode to the last of several new folders only.
        var full = Path.GetFullPath(path);
        if (Directory.Exists(full)) return;
        if (Path.GetDirectoryName(full) is { } parent) CreateFolder(parent);
        if (!OperatingSystem.IsWindows()) Directory.CreateDirectory(full, FolderBits);
#pragma warning disable RS0030 // The one place where it may be called.
        else Directory.CreateDirectory(full);
#pragma warning restore RS0030
    }

    /// <summary>Opens a file to be written, and makes it where <paramref name="mode"/> says so.</summary>
    /// <exception cref="IOException">It cannot be made or opened.</exception>
    public static FileStream Open(
        string path, FileMode mode, FileAccess access, FileShare share = FileShare.Read, int bufferSize = 4096, FileOptions options = FileOptions.None) =>
        new(path, Options(mode, access, share, bufferSize, options));

    /// <summary>A new file in the place of one that may be there.</summary>
    /// <inheritdoc cref="Open"/>
    public static FileStream Create(string path) => Open(path, FileMode.Create, FileAccess.Write);

    /// <summary>Writes a whole file.</summary>
    /// <inheritdoc cref="Open"/>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = Create(path);
        file.Write(bytes);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Makes an empty file for a library that opens files itself, unless it is there.</summary>
    /// <inheritdoc cref="Open"/>
    public static void Touch(string path)
    {
        if (!File.Exists(path)) Open(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite).Dispose();
    }

    /// <summary>Copies a file into a new one.</summary>
    /// <inheritdoc cref="Open"/>
    public static void Copy(string from, string to)
    {
        using var source = File.OpenRead(from);
        using var target = Create(to);
        source.CopyTo(target);
        target.Flush(flushToDisk: true);
    }

    /// <summary>Takes from everybody but the owner what they may do with a folder and all in it.</summary>
    /// <returns>What was open to others, before; empty: nothing was. What belongs to another user and so cannot be changed is in it too.</returns>
    public static IReadOnlyList<string> Close(string folder)
    {
        if (OperatingSystem.IsWindows() || !Directory.Exists(folder)) return [];
        var open = new List<string>();
        var looking = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
        foreach (var path in Directory.EnumerateFileSystemEntries(folder, "*", looking).Prepend(folder))
        {
            try
            {
                var mode = File.GetUnixFileMode(path);
                if ((mode & Others) == 0) continue;
                open.Add(path);
                File.SetUnixFileMode(path, mode & ~Others);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
            {
                // Gone since it was listed, or another user's: named, not changed.
            }
        }

        return open;
    }

    /// <summary>Whether users of this machine other than the owner may read, change or run the file.</summary>
    /// <exception cref="IOException">It cannot be looked at.</exception>
    public static bool IsOpenToOthers(string file) => !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & Others) != 0;

    /// <summary>Whatever this process makes, also by libraries, is closed to other users from now on.</summary>
    public static void RestrictProcess()
    {
        if (!OperatingSystem.IsWindows()) _ = Umask(UmaskOthers);
    }

    private static FileStreamOptions Options(FileMode mode, FileAccess access, FileShare share, int bufferSize, FileOptions options)
    {
        var all = new FileStreamOptions { Mode = mode, Access = access, Share = share, BufferSize = bufferSize, Options = options };
        if (!OperatingSystem.IsWindows() && mode is not FileMode.Open) all.UnixCreateMode = FileBits;
        return all;
    }

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint Umask(uint mask);
}
