using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tieout.Storage.Sqlite.Native;

/// <summary>One connection of the write path. Not safe for two threads at once; handing it over is.</summary>
internal sealed unsafe class RawConnection : IDisposable
{
    /// <summary>In the place of a file: a database that is gone when its connection closes.</summary>
    public const string InMemory = ":memory:";

    private readonly string _file;
    private int _inside;

    private RawConnection(string file, RawConnectionHandle handle)
    {
        _file = file;
        Handle = handle;
    }

    internal RawConnectionHandle Handle { get; }

    /// <summary>False between BEGIN and its COMMIT or ROLLBACK. SQLite rolls some failures back by itself.</summary>
    public bool InTransaction => NativeSqlite.GetAutoCommit(Handle) == 0;

    /// <param name="file">The database file; made if it is not there, unless <paramref name="readOnly"/>.</param>
    /// <param name="busyMilliseconds">How long a locked database is waited for before it counts as busy.</param>
    /// <exception cref="StoreUnavailableException">The file cannot be opened.</exception>
    public static RawConnection Open(string file, bool readOnly = false, int busyMilliseconds = 5_000)
    {
        var flags = NativeSqlite.OpenNoMutex | (readOnly ? NativeSqlite.OpenReadOnly : NativeSqlite.OpenReadWrite | NativeSqlite.OpenCreate);
        if (!readOnly && file != InMemory) Touch(file);
        var code = NativeSqlite.Open(file, out var handle, flags, 0);
        var connection = new RawConnection(file, handle);
        try
        {
            connection.Check(code, "open", StoreEffect.None);
            connection.Check(NativeSqlite.ExtendedResultCodes(handle, 1), "open", StoreEffect.None);
            connection.Check(NativeSqlite.BusyTimeout(handle, busyMilliseconds), "open", StoreEffect.None);
            connection.Check(WideSums.Define(handle), "open", StoreEffect.None);
            connection.Check(FindingIds.Define(handle), "open", StoreEffect.None);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Ends the statement that another thread runs on this connection; that thread then gets an <see cref="OperationCanceledException"/>.</summary>
    public void Interrupt() => NativeSqlite.InterruptStatement(Handle);

    /// <summary>Runs statements that return nothing of interest: pragmas, migrations, transaction control.</summary>
    public void Execute(string sql) => Check(NativeSqlite.Execute(Handle, sql, 0, 0, 0), sql, StoreEffect.None);

    public RawStatement Prepare(string sql) => new(this, sql);

    public long ReadInt64(string sql)
    {
        using var statement = Prepare(sql);
        return statement.Step() ? statement.Int64(0) : throw new InvalidOperationException($"No row: {sql}");
    }

    /// <summary>Makes all that was written since BEGIN durable: on disk when this returns.</summary>
    /// <exception cref="StoreUnavailableException">
    /// The effect is <see cref="StoreEffect.None"/> when the space or the lock was missing. After a failed sync the frames may
    /// be in the log all the same and a crash may bring them back, so the effect is <see cref="StoreEffect.Unknown"/>.
    /// </exception>
    public void Commit(RawStatement commit)
    {
        var code = commit.StepForCode();
        commit.Reset();
        if (code is NativeSqlite.Done) return;
        var unknown = (code & 0xff) is NativeSqlite.IoError;
        var failure = Failure(code, "commit", unknown ? StoreEffect.Unknown : StoreEffect.None);
        RollBack();
        throw failure;
    }

    /// <summary>Leaves the transaction, if there is one, with nothing of it done. Never throws.</summary>
    public void RollBack()
    {
        if (InTransaction) _ = NativeSqlite.Execute(Handle, "ROLLBACK", 0, 0, 0);
    }

    /// <summary>Copies the log into the database as far as readers allow, without holding up a writer.</summary>
    /// <returns>Frames in the log, and how many of them are in the database by now.</returns>
    public (int Frames, int Done) CheckpointPassive() => Checkpoint(0);

    /// <summary>As <see cref="CheckpointPassive"/>, then cuts the log to nothing. Only when nobody writes.</summary>
    public (int Frames, int Done) CheckpointTruncate() => Checkpoint(3);

    public void Dispose() => Handle.Dispose();

    /// <summary>In debug builds, and so in the tests: two threads at once are our bug, and would mostly go unseen.</summary>
    [Conditional("DEBUG")]
    internal void Enter()
    {
        if (Interlocked.Exchange(ref _inside, 1) != 0) throw new InvalidOperationException($"Two threads at once use one connection to {_file}.");
    }

    [Conditional("DEBUG")]
    internal void Leave() => Volatile.Write(ref _inside, 0);

    internal void Check(int code, string what, StoreEffect effect)
    {
        if (code is not (NativeSqlite.Ok or NativeSqlite.Row or NativeSqlite.Done)) throw Failure(code, what, effect);
    }

    /// <summary>Whose fault it is, by result code. The message says what we attempted and what SQLite answered.</summary>
    internal Exception Failure(int code, string what, StoreEffect effect)
    {
        var answer = Handle.IsInvalid ? "no memory" : Marshal.PtrToStringUTF8((nint)NativeSqlite.ErrorMessage(Handle));
        var message = $"SQLite could not {Shorten(what)} in {_file}: {answer} ({code}).";
        return (code & 0xff) switch
        {
            NativeSqlite.Busy or NativeSqlite.Locked => new StoreUnavailableException(message, effect, StoreFault.Busy),
            NativeSqlite.Interrupt => new OperationCanceledException(message),
            NativeSqlite.Full => new StoreUnavailableException(message, effect, StoreFault.Full),
            NativeSqlite.IoError => new StoreUnavailableException(message, effect, StoreFault.InputOutput),
            NativeSqlite.CannotOpen or NativeSqlite.ReadOnly or NativeSqlite.NoPermission =>
                new StoreUnavailableException(message, effect, StoreFault.NotWritable),
            NativeSqlite.NoMemory or NativeSqlite.Protocol or NativeSqlite.Schema => new StoreUnavailableException(message, effect, StoreFault.Busy),
            NativeSqlite.Corrupt or NativeSqlite.NotADatabase => new StoreCorruptException(message) { IsFile = true },
            NativeSqlite.Constraint => new StoreConstraintException(message),
            _ => new InvalidOperationException(message),
        };
    }

    private static void Touch(string file)
    {
        try
        {
            PrivateFiles.Touch(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException($"The database file {file} cannot be created: {error.Message}", StoreEffect.None, StoreFault.NotWritable);
        }
    }

    private (int Frames, int Done) Checkpoint(int mode)
    {
        // A connection that has read nothing yet does not know that there is a log, and would answer that all is done.
        _ = ReadInt64("SELECT count(*) FROM sqlite_schema");
        var code = NativeSqlite.Checkpoint(Handle, null, mode, out var frames, out var done);
        // Busy only says that a reader or writer kept us from finishing; the next one goes on from there.
        if ((code & 0xff) is not NativeSqlite.Busy) Check(code, "checkpoint", StoreEffect.None);
        return (frames, done);
    }

    private static string Shorten(string what) => what.Length <= 120 ? what : what[..120] + "…";
}

/// <summary>A row contradicts the schema: two with one id, a reference to nothing. Our bug, found by the last line of defence.</summary>
internal sealed class StoreConstraintException(string message) : Exception(message);
