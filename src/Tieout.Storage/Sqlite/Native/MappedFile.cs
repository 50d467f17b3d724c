namespace Tieout.Storage.Sqlite.Native;

/// <summary>Lets connections read the pages of a file where the operating system has them, instead of a copy of each page by a call of its own. For programs
/// that read a whole file and end.</summary>
/// <remarks>A disk that cannot read a page of a mapping ends the process, which no server may risk. So the file is read once before it is mapped: what cannot
/// be read is then an error, as it is without a mapping.</remarks>
internal static unsafe class MappedFile
{
    /// <summary>SQLite maps no more of a file, and reads the rest page by page.</summary>
    private const long BytesMax = 0x7fff_0000;

    private const int PieceBytes = 1 << 20;

    /// <summary>SQLITE_FCNTL_FILE_POINTER: answers the open file of the connection.</summary>
    private const int FilePointer = 7;

    /// <summary>SQLITE_IOERR_SHORT_READ: the file ends before the piece does.</summary>
    private const int ShortRead = 10 | (2 << 8);

    /// <summary>Of the functions of an open file, which follow their version.</summary>
    private const int ReadFunction = 2;

    /// <summary>Reads all that <see cref="Map"/> would map.</summary>
    /// <param name="connection">Has nothing mapped.</param>
    /// <returns>False: a part of the file cannot be read.</returns>
    public static bool IsReadable(RawConnection connection)
    {
        // Read by the connection's own file: where another handle of the process on the same file is closed, SQLite's locks on it are gone.
        nint file = 0;
        if (NativeSqlite.FileControl(connection.Handle, "main", FilePointer, &file) != NativeSqlite.Ok || file == 0) return false;
        var read = ((delegate* unmanaged[Cdecl]<nint, byte*, int, long, int>**)file)[0][ReadFunction];
        var piece = new byte[PieceBytes];
        fixed (byte* bytes = piece)
        {
            for (var at = 0L; at < BytesMax; at += PieceBytes)
            {
                var code = read(file, bytes, PieceBytes, at);
                if (code == ShortRead) return true;
                if (code != NativeSqlite.Ok) return false;
            }
        }

        return true;
    }

    /// <summary>From its next statement on the connection reads mapped pages.</summary>
    public static void Map(RawConnection connection) => connection.Execute($"PRAGMA mmap_size = {BytesMax}");
}
