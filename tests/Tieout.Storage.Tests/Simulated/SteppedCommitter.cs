using Tieout.Storage.Writing;

namespace Tieout.Storage.Tests.Simulated;

/// <summary>Commits when the schedule of the simulation says so, or when the writer waits for it.</summary>
internal sealed class SteppedCommitter : ICommitter
{
    private Action? _pending;

    public bool IsBusy => _pending is not null;

    public void Start(Action commit)
    {
        if (_pending is not null) throw new InvalidOperationException("Two commits at once.");
        _pending = commit;
    }

    public void Wait() => Step();

    public void Step()
    {
        if (_pending is not { } commit) return;
        commit();
        _pending = null;
    }

    public void Dispose()
    {
    }
}
