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
    /// <summary>How long a batch whose connection failed is tried again before its callers get an answer.</summary>
    private static readonly TimeSpan TryFor = TimeSpan.FromSeconds(4);

    /// <summary>How long the store is asked for the effect of a commit that had no answer.</summary>
    private static readonly TimeSpan ResolveFor = TimeSpan.FromSeconds(12);

    private static readonly Backoff Pauses = new(TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(1));

    private readonly object _gate = new();
    private readonly SubmissionQueue _waiting = new();
    private readonly StallWatch _watch = new(clock);
    private readonly SemaphoreSlim _turn = new(1);
    private BucketBook _book = new(number);
    private bool _running;
    private bool _closing;
    private long _checkedAt;
    private bool _isLoaded;

    // What is stored contradicts the book, so the next decision needs one that was read anew. For whoever has the turn.
    private bool _isDoubtful;
    private TaskCompletionSource? _idle;

    public int Number => number;

    /// <summary>What orgs of the bucket may occupy.</summary>
    public LedgerLimits Limits { get; set; } = LedgerLimits.Default;

    /// <summary>Looks at the book between two commits. A book that is read anew takes the old one's place only when it is whole.</summary>
    /// <exception cref="StoreUnavailableException">The bucket was never loaded: nothing is known of its orgs, keys and settings.</exception>
    public T Read<T>(Func<Book, T> read) => IsLoaded
        ? Volatile.Read(ref _book).Read(read)
        : throw NotLoaded();

    /// <summary>Whether the book was ever read whole.</summary>
    public bool IsLoaded => Volatile.Read(ref _isLoaded);

    /// <summary>The book has all that the bucket had: also where that was nothing.</summary>
    public void Loaded() => Volatile.Write(ref _isLoaded, true);

    /// <summary>When its last known commit was recorded; null: it has none.</summary>
    public Instant? LastRecordedAt => !IsLoaded || Read(book => book.Last.Commit) == 0 ? null : _book.LastRecordedAt;

    /// <summary>The last commit that this node knows; 0: none. Never goes back while the database does not.</summary>
    public long LastCommit => Volatile.Read(ref _book).Read(book => book.Last.Commit);

    /// <summary>The newest setting that this node knows.</summary>
    public long LastSetting => Volatile.Read(ref _book).Read(book => book.Last.Setting);

    /// <summary>Brings the book up to what is durable now, if another node has moved it.</summary>
    /// <param name="commit">The commit it must stand at, at least.</param>
    public async Task CatchUpAsync(long commit)
    {
        await _turn.WaitAsync();
        try
        {
            if (IsLoaded && _book.Book.Last.Commit >= commit) return;
            await connections.AskAsync(async connection =>
            {
                // All of it as of one moment.
                await PostgresConnections.ExecuteAsync(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
                var asked = Stopwatch.GetTimestamp();
                var head = await PostgresConnections.HeadAsync(connection, number);
                await LoadAsync(connection, head, asked);
                await PostgresConnections.ExecuteAsync(connection, "COMMIT");
            });
        }
        catch (StoreUnavailableException damaged) when (damaged.Fault == StoreFault.ReadOnly)
        {
            // Readers get what could be read; health names the row.
            ReadOnly(damaged.Message);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Whether the database said within <paramref name="bound"/> that it has nothing that the book has not.</summary>
    public bool WasCheckedWithin(TimeSpan bound) => IsLoaded && SinceChecked is { } since && since < bound;

    /// <summary>How long ago the database said so; null: never.</summary>
    public TimeSpan? SinceChecked => Volatile.Read(ref _checkedAt) is var at and not 0 ? Stopwatch.GetElapsedTime(at) : null;

    /// <param name="asked">When the database was asked, by <see cref="Stopwatch"/>: the answer may have been long on its way, so it says nothing of a later
    /// time.</param>
    public void Checked(long asked)
    {
        for (var known = Volatile.Read(ref _checkedAt); asked > known;)
        {
            var before = Interlocked.CompareExchange(ref _checkedAt, asked, known);
            if (before == known) return;
            known = before;
        }
    }

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
        for (var failures = 1; ; failures++)
        {
            WriteSet? sent = null;
            try
            {
                await using var connection = await connections.OpenAsync();
                var asked = Stopwatch.GetTimestamp();
                var head = await BucketCommit.LockAsync(connection, number);
                if (unanswered is not null && await StandsAsync(connection, unanswered))
                {
                    await LoadAsync(connection, head, asked);
                    await PostgresConnections.ExecuteAsync(connection, "ROLLBACK");
                    (batch.Writes, batch.IsDurable) = (unanswered, true);
                    batch.Answer();
                    return;
                }

                unanswered = null;
                await LoadAsync(connection, head, asked);
                await DecideAndCommitAsync(connection, batch, writes => sent = writes);
                connections.Succeeded(began);
                batch.Answer();
                return;
            }
            catch (PostgresException contradiction) when (contradiction.SqlState == PostgresErrorCodes.UniqueViolation && contradictions++ == 0)
            {
                // What is stored contradicts the book: once more, on a book read anew. The keys of the tables are the net below the lock.
                connections.Contradicted();
                _isDoubtful = true;
            }
            catch (Exception failure) when (PostgresFailure.IsWorld(failure) && !IsContradiction(failure) && !PostgresFailure.IsOfCommand(failure))
            {
                batch.Revisited.Clear();
                if (PostgresFailure.IsConnectionLost(failure)) connections.Lost(PostgresFailure.ToUnavailable(failure, StoreEffect.None).Message);
                if (sent is not null && !PostgresFailure.IsRefusal(failure)) unanswered = sent;
                if (unanswered is null && _closing) throw PostgresFailure.ToUnavailable(failure, StoreEffect.None);

                // The effect of an unanswered commit is asked for whatever the failure was: the head's lock waits until the database knows it.
                var goOn = unanswered is null
                    ? PostgresFailure.IsTransient(failure) && Stopwatch.GetElapsedTime(began) < TryFor : Stopwatch.GetElapsedTime(began) < ResolveFor;
                if (!goOn)
                {
                    if (PostgresFailure.IsConnectionLost(failure)) connections.GaveUp();
                    throw PostgresFailure.ToUnavailable(failure, unanswered is null ? StoreEffect.None : StoreEffect.Unknown);
                }

                await Task.Delay(Pauses.Pause(failures));
            }
        }
    }

    private static bool IsContradiction(Exception failure) => failure is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };

    /// <param name="committing">Called with what is about to be committed: from then on its effect is unknown until the server answers.</param>
    private async Task DecideAndCommitAsync(NpgsqlConnection connection, Batch batch, Action<WriteSet> committing)
    {
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
            var asked = Stopwatch.GetTimestamp();
            await BucketCommit.WriteAsync(connection, buffer, number, writes, backfilled, book.FirstOpenHold(), () => committing(writes));
            batch.IsDurable = true;
            Applied(book, writes, backfilled, batch.Revisited);
            Checked(asked);
        }
        catch
        {
            // What was recalled is right, but belongs to this batch only.
            book.Forget(batch.Revisited);
            throw;
        }
    }

    /// <summary>Brings the book to where the bucket ends: usually it is there already. The head is locked, or all of it is read as of one moment.</summary>
    /// <remarks>Readers see the old book until the new one is whole, so no key, org or figure is missing for a moment, and none goes back.</remarks>
    /// <param name="asked">A time before the head was read, by <see cref="Stopwatch"/>.</param>
    private async Task StandAtAsync(NpgsqlConnection connection, Head head, long asked)
    {
        var now = Instant.From(clock.GetUtcNow());

        // Not an earlier state of what is stored: the database was restored from a backup, or lost its last commits with its disk.
        var isOther = _isDoubtful || (!_book.StandsAt(head) && head.Chain.Commit <= _book.Book.Last.Commit);
        try
        {
            if (isOther || (!_book.StandsAt(head) && !await _book.CatchUpAsync(connection, head, now)))
            {
                var anew = new BucketBook(number);
                if (!anew.StandsAt(head)) await anew.CatchUpAsync(connection, head, now);
                Volatile.Write(ref _book, anew);
            }
        }
        catch
        {
            _isDoubtful = true;
            throw;
        }

        _isDoubtful = false;
        Loaded();
        Checked(asked);
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
