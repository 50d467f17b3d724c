namespace Tieout.Storage.Writing;

/// <summary>Runs a commit beside the thread that decides, one at a time. In the simulation the commit runs when the schedule says so.</summary>
internal interface ICommitter : IDisposable
{
    /// <summary>Whether a commit was started that has not ended.</summary>
    bool IsBusy { get; }

    void Start(Action commit);

    /// <summary>Returns when the commit that was started has ended. Once for each start.</summary>
    void Wait();
}

/// <summary>A thread that commits.</summary>
internal sealed class CommitterThread : ICommitter
{
    private readonly SemaphoreSlim _started = new(0);
    private readonly SemaphoreSlim _ended = new(0);
    private readonly Action _ending;
    private readonly Thread _thread;
    private Action? _commit;

    // Started and not ended.
    private volatile bool _busy;

    /// <param name="ended">Called on the thread after each commit.</param>
    public CommitterThread(Action ended)
    {
        _ending = ended;
        _thread = new(RunUntilClosed) { IsBackground = true, Name = "tieout committer" };
        _thread.Start();
    }

    public bool IsBusy => _busy;

    public void Start(Action commit)
    {
        _commit = commit;
        _busy = true;
        _started.Release();
    }

    public void Wait() => _ended.Wait();

    public void Dispose()
    {
        _commit = null;
        _started.Release();
        _thread.Join();
        _started.Dispose();
        _ended.Dispose();
    }

    private void RunUntilClosed()
    {
        while (true)
        {
            _started.Wait();
            if (_commit is not { } commit) return;
            try
            {
                commit();
            }
            finally
            {
                _busy = false;
                _ended.Release();
                _ending();
            }
        }
    }
}
