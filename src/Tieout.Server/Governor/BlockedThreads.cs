namespace Tieout.Server.Governor;

/// <summary>Keeps as many threads free for everybody else as before, while some of the pool's threads are blocked by reads.</summary>
/// <remarks>
/// The pool adds threads only slowly, so its minimum is raised by one for each thread that is blocked, and lowered again afterwards. A minimum that is always
/// high costs every request: the pool then starts a thread wherever work waits, and on two processors a request took 5 to 8 % more processor time.
/// </remarks>
/// <param name="free">The minimum while nothing is blocked.</param>
/// <param name="setMinimum">Sets the minimum of the pool.</param>
internal sealed class BlockedThreads(int free, Action<int> setMinimum)
{
    /// <summary>Beyond this, more threads would only take memory.</summary>
    public const int CountedMax = 256;

    private readonly Lock _lock = new();
    private int _blocked;

    /// <summary>Of the process: there is one pool, however many servers run in it.</summary>
    public static BlockedThreads OfProcess { get; } = Read();

    public void Begin() => Change(1);

    public void End() => Change(-1);

    private void Change(int by)
    {
        lock (_lock)
        {
            _blocked += by;
            setMinimum(free + Math.Min(_blocked, CountedMax));
        }
    }

    private static BlockedThreads Read()
    {
        ThreadPool.GetMinThreads(out var workers, out var ports);
        return new(workers, minimum => ThreadPool.SetMinThreads(minimum, ports));
    }
}
