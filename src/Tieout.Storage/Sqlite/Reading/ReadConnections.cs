using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Tieout.Core.Metering;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Storage.Sqlite.Reading;

/// <summary>Connections that only read, kept for the next reader, and the labels they have met.</summary>
internal sealed class ReadConnections(string database) : IDisposable
{
    /// <summary>Rows a page when streaming: the log can start again between two pages.</summary>
    public const int PageRows = 2_000;

    /// <summary>Kept when idle; more may be open at once.</summary>
    private const int IdleMax = 8;

    private readonly ConcurrentBag<RawConnection> _idle = [];
    private readonly ConcurrentDictionary<int, UsageLabels> _labels = new();
    private bool _closed;

    /// <summary>Runs one read on a connection of its own, as of one commit. Keep it short: the log cannot start again while it lasts.</summary>
    /// <exception cref="OperationCanceledException">The read was ended where it was, also within a statement.</exception>
    [SuppressMessage("Design", "CA1068", Justification = "The read is long, so it comes last.")]
    public T Read<T>(CancellationToken cancellationToken, Func<RawConnection, T> read)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!_idle.TryTake(out var connection)) connection = RawConnection.Open(database, readOnly: true);
        try
        {
            connection.Execute("BEGIN");
            using var interrupt = cancellationToken.UnsafeRegister(static state => ((RawConnection)state!).Interrupt(), connection);
            return read(connection);
        }
        catch (Exception damaged) when (UnreadableRows.Caused(damaged))
        {
            throw UnreadableRows.Report(damaged);
        }
        finally
        {
            connection.RollBack();
            if (_closed || _idle.Count >= IdleMax) connection.Dispose();
            else _idle.Add(connection);
        }
    }

    /// <inheritdoc cref="Read"/>
    [SuppressMessage("Design", "CA1068", Justification = "The read is long, so it comes last.")]
    public Task<IReadOnlyList<T>> RowsAsync<T>(CancellationToken cancellationToken, Func<RawConnection, IReadOnlyList<T>> read) =>
    Task.FromResult(Read(cancellationToken, read));

    /// <summary>Runs a long read as of one commit, on connections that no other reader gets afterwards. No snapshot of the file lasts as long as the
    /// read.</summary>
    /// <param name="withFigures">False: only rows are read.</param>
    public T ReadAsOf<T>(Func<SqliteAsOf, T> read, bool withFigures = true)
    {
        using var connection = RawConnection.Open(database, readOnly: true);
        try
        {
            return read(new(database, connection, withFigures));
        }
        catch (Exception damaged) when (UnreadableRows.Caused(damaged))
        {
            throw UnreadableRows.Report(damaged);
        }
    }

    /// <exception cref="StoreCorruptException">No such labels were ever stored.</exception>
    public UsageLabels Labels(RawConnection connection, int no)
    {
        if (_labels.TryGetValue(no, out var known)) return known;
        using var s = connection.Prepare($"SELECT {RowReads.LabelsColumns} FROM attributions WHERE no = ?");
        s.Bind(1, no);
        return s.Step()
            ? _labels.GetOrAdd(no, RowReads.Labels(s).Labels) : throw new StoreCorruptException($"A row names attribution {no}, which does not exist.");
    }

    public void Dispose()
    {
        _closed = true;
        while (_idle.TryTake(out var connection)) connection.Dispose();
    }
}
