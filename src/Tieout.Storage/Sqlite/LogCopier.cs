using Tieout.Core.Ledger;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Storage.Sqlite;

/// <summary>Copies the write-ahead log into the database off the commit path, and keeps the log from growing without end.</summary>
/// <remarks>ADR 0002: a copy that waits for nobody never catches up with a busy writer, so now and then the writer finishes it.</remarks>
internal sealed class LogCopier : IDisposable
{
    /// <summary>Of the ids that we make, which come in the order of time.</summary>
    private const int TimeOrderedVersion = 7;

    /// <summary>Rows after which a copy is worth its two syncs.</summary>
    private const long RowsWorthCopying = 4_000;

    /// <summary>The same of rows whose ids come in no order: each touches a page of its own, the same pages again and again, and what is copied seldom is
    /// copied once.</summary>
    private const long ScatteredWorthCopying = 30_000;

    /// <summary>16,384 pages, 64 MiB: above it, the writer finishes the copy between two commits.</summary>
    private const int FramesMax = 16_384;

    /// <summary>The same while such rows come.</summary>
    private const int ScatteredFramesMax = 32_768;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly string _database;
    private readonly Thread _thread;
    // It waits nearly always: spinning before it sleeps was a twentieth of an idle gateway's processor time.
    private readonly ManualResetEventSlim _stop = new(initialState: false, spinCount: 0);
    private long _rows;
    private long _scattered;
    private bool _finishWanted;

    public LogCopier(string database)
    {
        _database = database;
        _thread = new(CopyUntilStopped) { IsBackground = true, Name = "tieout log copier" };
        _thread.Start();
    }

    /// <summary>Called by the writer between two commits.</summary>
    public void Committed(RawConnection writer, WriteSet writes)
    {
        var scattered = 0;
        foreach (var row in writes.Usage)
        {
            if (row.Usage.Id.Value.Version != TimeOrderedVersion) scattered++;
        }

        // Usage and its posting count once, and the link of the chain is a row, too.
        Interlocked.Add(ref _scattered, scattered);
        Interlocked.Add(ref _rows, writes.RowCount - writes.Usage.Count - scattered + 1);
        if (!Volatile.Read(ref _finishWanted)) return;
        Volatile.Write(ref _finishWanted, false);
        try
        {
            writer.CheckpointPassive();
        }
        catch (Exception)
        {
            // What was committed is durable in the log; a disk that is full or broken elsewhere must not fail a commit that stands.
        }
    }

    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void CopyUntilStopped()
    {
        RawConnection? connection = null;
        while (!_stop.Wait(Pause))
        {
            var inOrder = Interlocked.Read(ref _rows) >= RowsWorthCopying;
            if (!inOrder && Interlocked.Read(ref _scattered) < ScatteredWorthCopying) continue;
            Interlocked.Exchange(ref _rows, 0);
            Interlocked.Exchange(ref _scattered, 0);
            try
            {
                connection ??= RawConnection.Open(_database);
                var (frames, _) = connection.CheckpointPassive();
                if (frames > (inOrder ? FramesMax : ScatteredFramesMax)) Volatile.Write(ref _finishWanted, true);
            }
            catch (Exception)
            {
                // Whatever it is, it must not end the process. The commit path will meet the same disk and say so to those who wait for it. Here there is only
                // waiting.
                connection?.Dispose();
                connection = null;
            }
        }

        connection?.Dispose();
    }
}
