namespace Tieout.Simulator.Provider.Dialects;

/// <param name="Output">Null: no line was answered.</param>
/// <param name="Errors">Null: no line failed.</param>
internal sealed record BatchResults(KeptFile? Output, KeptFile? Errors, OpenAiBatchCounts Counts);

/// <summary>A batch that is found at work so often, and whose lines are worked at when it ends.</summary>
/// <param name="run">Works at the first so many lines, and gives the reason why the others were not.</param>
internal sealed class KeptBatch(
    string id, string endpoint, string inputFileId, long createdUnixSeconds, int lines, BatchWishes wishes, Func<int, string, BatchResults> run)
{
    private readonly Lock _lock = new();
    private int _polls;
    private string _status = "validating";
    private BatchResults? _results;

    public string Id => id;

    public string Endpoint => endpoint;

    public string InputFileId => inputFileId;

    public long CreatedUnixSeconds => createdUnixSeconds;

    public int Lines => lines;

    /// <summary>Results are there once it has ended.</summary>
    public (string Status, BatchResults? Results) Standing
    {
        get
        {
            lock (_lock) return (_status, _results);
        }
    }

    public void Poll()
    {
        lock (_lock)
        {
            if (_results is not null || _status == "failed") return;
            if (wishes.Fails) _status = "failed";
            else if (_polls++ < wishes.Polls) _status = "in_progress";
            else (_status, _results) = (wishes.Done < lines ? "expired" : "completed", run(int.MaxValue, "batch_expired"));
        }
    }

    /// <summary>Of what is still at work, nothing more is done than was wished for.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            if (_results is not null || _status == "failed") return;
            (_status, _results) = ("cancelled", run(wishes.Done == int.MaxValue ? 0 : wishes.Done, "batch_cancelled"));
        }
    }
}
