using System.Text.Json;
using Tieout.Storage;

namespace Tieout.Simulator.Provider;

/// <summary>The simulated provider's own book of what it served, against which Tieout's is compared.</summary>
/// <remarks>A call is in the log before the first byte of its answer leaves, so whoever has an answer finds it here.</remarks>
public sealed class ServedLog : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<ServedCall> _listed = [];
    private readonly SortedDictionary<int, long> _byStatus = [];
    private readonly FileStream? _file;
    private readonly int _listedMax;
    private ServedTotals _sums = Nothing;

    /// <param name="path">Appended to, one JSON object a line; null for none.</param>
    /// <param name="listedMax">Calls kept in memory; later ones are only counted.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public ServedLog(string? path, int listedMax)
    {
        _listedMax = listedMax;

        // Unbuffered: a line is in the file when its answer leaves, though the process may be killed next.
        if (path is not null) _file = PrivateFiles.Open(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    private static ServedTotals Nothing => new(0, 0, 0, 0, 0, 0, new Dictionary<int, long>(), 0);

    /// <summary>Numbers the call and writes it down.</summary>
    public void Add(ServedCall call)
    {
        lock (_lock)
        {
            call = call with { Call = _sums.Calls + 1 };
            var listed = _listed.Count < _listedMax;
            _sums = _sums with
            {
                Calls = call.Call,
                Billed = _sums.Billed + (call.Billed ? 1 : 0),
                PromptTokens = _sums.PromptTokens + call.PromptTokens,
                CachedTokens = _sums.CachedTokens + call.CachedTokens,
                CompletionTokens = _sums.CompletionTokens + call.CompletionTokens,
                ReasoningTokens = _sums.ReasoningTokens + call.ReasoningTokens,
                CacheWriteTokens = _sums.CacheWriteTokens + call.CacheWrite5mTokens + call.CacheWrite1hTokens,
                Images = _sums.Images + call.Images,
                AudioSeconds = _sums.AudioSeconds + call.AudioSeconds,
                Characters = _sums.Characters + call.Characters,
                IterationTokens = _sums.IterationTokens + call.Iterations.Sum(inside => (long)inside.PromptTokens + inside.CompletionTokens),
                Unlisted = _sums.Unlisted + (listed ? 0 : 1),
            };
            _byStatus[call.Status] = _byStatus.GetValueOrDefault(call.Status) + 1;
            if (listed) _listed.Add(call);
            _file?.Write([.. JsonSerializer.SerializeToUtf8Bytes(call, ServedJson.Default.ServedCall), (byte)'\n']);
        }
    }

    public IReadOnlyList<ServedCall> Calls()
    {
        lock (_lock) return _listed.ToArray();
    }

    public ServedTotals Totals()
    {
        lock (_lock) return _sums with { ByStatus = new SortedDictionary<int, long>(_byStatus) };
    }

    /// <summary>Begins a new bill. The file, if any, goes on.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _listed.Clear();
            _byStatus.Clear();
            _sums = Nothing;
        }
    }

    public void Dispose() => _file?.Dispose();
}
