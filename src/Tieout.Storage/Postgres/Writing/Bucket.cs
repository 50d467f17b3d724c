using System.Diagnostics;
using Npgsql;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage.Postgres.Rows;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Postgres.Writing;

/// <summary>One bucket as this node sees it: its queue, its turn and its book. Whatever waits is decided and committed together.</summary>
/// <remarks>
/// A batch is one transaction: lock the head; if another node moved it, catch up; decide; write; commit. A commit of which no answer
/// came is looked for in the chain before anything else is done.
/// </remarks>
internal sealed partial class Bucket(int number, PostgresConnections connections, TimeProvider clock, int batchMax) : IDisposable
{
    /// <summary>How long a batch whose connection failed is tried again before its callers are told.</summary>
    private static readonly TimeSpan TryFor = TimeSpan.FromSeconds(3);

    /// <summary>How long it is asked for what became of a commit that no answer came to.</summary>
    private static readonly TimeSpan ResolveFor = TimeSpan.FromSeconds(15);

    private readonly object _gate = new();
    private readonly SubmissionQueue _waiting = new();
    private readonly StallWatch _watch = new(clock);
    private readonly SemaphoreSlim _turn = new(1);
    private BucketBook _book = new(number);
    private bool _running;
    private bool _closing;
    private long _checkedAt;
    private TaskCompletionSource? _idle;

    public int Number => number;

    /// <summary>What orgs of the bucket may occupy.</summary>
    public LedgerLimits Limits { get; set; } = LedgerLimits.Default;

    public T Read<T>(Func<Book, T> read) => Volatile.Read(ref _book).Read(read);

    /// <summary>When its last known commit was recorded; null: it has none.</summary>
    public Instant? LastRecordedAt => Read(book => book.Last.Commit) == 0 ? null : _book.LastRecordedAt;

    /// <summary>Brings the book up to what is durable now, if another node has moved it.</summary>
    /// <param name="commit">The commit it must stand at, at least.</param>
    public async Task CatchUpAsync(long commit)
    {
        await _turn.WaitAsync();
        try
        {
            if (_book.Book.Last.Commit >= commit) return;
            await connections.RunAsync(async connection =>
            {
                // All of it as of one moment.
                await PostgresConnections.ExecuteAsync(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
                var head = await PostgresConnections.HeadAsync(connection, number);
                await LoadAsync(connection, head);
                await PostgresConnections.ExecuteAsync(connection, "COMMIT");
            });
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Whether what is in memory was compared with the database within <paramref name="bound"/>.</summary>
    public bool WasCheckedWithin(TimeSpan bound) => Stopwatch.GetElapsedTime(Volatile.Read(ref _checkedAt)) < bound && _checkedAt != 0;

    public void Checked() => Volatile.Write(ref _checkedAt, Stopwatch.GetTimestamp());

    /// <summary>Lets go of windows long over, if nobody has the turn.</summary>
    public void LetGo()
    {
        if (!_turn.Wait(0)) return;
        try
        {
            _book.LetGo(Instant.From(clock.GetUtcNow()));
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    /// <exception cref="StoreUnavailableException">It could not be committed; says whether the effect is known.</exception>
    private async Task CommitAsync(Batch batch)
    {
        var began = Stopwatch.GetTimestamp();
        var contradictions = 0;

        // Sent to be committed, and no answer came.
        WriteSet? unanswered = null;
        for (var wait = TimeSpan.FromMilliseconds(20); ; wait = wait < TimeSpan.FromSeconds(1) ? wait * 2 : wait)
        {
            WriteSet? sent = null;
            try
            {
                await using var connection = await connections.OpenAsync();
                var head = await BucketCommit.LockAsync(connection, number);
                if (unanswered is not null && await StandsAsync(connection, unanswered))
                {
                    await LoadAsync(connection, head);
                    await PostgresConnections.ExecuteAsync(connection, "ROLLBACK");
                    batch.Writes = unanswered;
                    batch.Answer();
                    return;
                }

                unanswered = null;
                await DecideAndCommitAsync(connection, head, batch, writes => sent = writes);
                connections.Succeeded(began);
                batch.Answer();
                return;
            }
            catch (PostgresException contradiction) when (contradiction.SqlState == PostgresErrorCodes.UniqueViolation && contradictions++ == 0)
            {
                // What is stored contradicts the book: once more, on a book read anew. The keys of the tables are the net below the lock.
                connections.Contradicted();
                _book = new(number);
            }
            catch (Exception failure) when (PostgresFailure.IsWorld(failure) && !IsContradiction(failure) && !PostgresFailure.IsOfCommand(failure))
            {
                batch.Revisited.Clear();
                if (sent is not null && !PostgresFailure.IsRefusal(failure)) unanswered = sent;
                var goOn = PostgresFailure.IsTransient(failure) && Stopwatch.GetElapsedTime(began) < (unanswered is null ? TryFor : ResolveFor);
                if (!goOn || (_closing && unanswered is null)) throw PostgresFailure.ToUnavailable(failure, unanswered is null ? StoreEffect.None : StoreEffect.Unknown);
                await Task.Delay(wait);
            }
        }
    }

    private static bool IsContradiction(Exception failure) => failure is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    /// <param name="committing">Called with what is about to be committed: from then on its effect is unknown until the server answers.</param>
    private async Task DecideAndCommitAsync(NpgsqlConnection connection, Head head, Batch batch, Action<WriteSet> committing)
    {
        await LoadAsync(connection, head);
        var book = _book;
        try
        {
            await book.PrefetchAsync(connection, batch.Commands, batch.Revisited);
            book.Book.Limits = Limits;
            var writes = LedgerRules.Decide(book.Book, batch.Commands, Now(book));
            batch.Writes = writes;
            if (writes.IsEmpty)
            {
                await PostgresConnections.ExecuteAsync(connection, "ROLLBACK");
                book.Forget(batch.Revisited);
                return;
            }

            var backfilled = await Backfill.WindowsAsync(connection, number, book.Book, writes);
            using var buffer = new CopyBuffer();
            await BucketCommit.WriteAsync(connection, buffer, number, writes, backfilled, book.FirstOpenHold(), () => committing(writes));
            Applied(book, writes, backfilled, batch.Revisited);
        }
        catch
        {
            // What was recalled is right, but belongs to this batch only.
            book.Forget(batch.Revisited);
            throw;
        }
    }

    /// <summary>Makes the book stand where the bucket does: usually it does already.</summary>
    private async Task StandAtAsync(NpgsqlConnection connection, Head head)
    {
        Checked();
        if (_book.StandsAt(head)) return;

        // Not an earlier state of what is stored: the database was restored from a backup, or lost its last commits with its disk.
        if (head.Chain.Commit <= _book.Book.Last.Commit) _book = new(number);
        if (_book.StandsAt(head)) return;
        try
        {
            if (!await _book.CatchUpAsync(connection, head, Instant.From(clock.GetUtcNow())))
            {
                _book = new(number);
                await _book.CatchUpAsync(connection, head, Instant.From(clock.GetUtcNow()));
            }
        }
        catch
        {
            _book = new(number);
            throw;
        }
    }

    private async Task<bool> StandsAsync(NpgsqlConnection connection, WriteSet writes)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("SELECT hash FROM chain WHERE bucket = $1 AND commit_no = $2", number, writes.Chain.Commit);
        await using var reader = await batch.ExecuteReaderAsync();
        return (await reader.ListAsync(row => row.Bytes(0).SequenceEqual(writes.Chain.Hash))).SingleOrDefault();
    }

    /// <summary>Recorded times never go back within a bucket, whatever the clocks of the nodes do: readers find times by the chain.</summary>
    private Instant Now(BucketBook book)
    {
        var now = Instant.From(clock.GetUtcNow());
        return now > book.LastRecordedAt ? now : book.LastRecordedAt;
    }
}
