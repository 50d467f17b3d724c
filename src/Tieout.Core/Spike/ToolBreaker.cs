namespace Tieout.Core.Spike;

/// <summary>The last calls of one tool in a conversation, as the conversation itself has them.</summary>
/// <param name="Failures">Failed calls in a row at the end, whatever their arguments.</param>
/// <param name="Repetitions">How often the last call was made again with the same arguments after it failed, or without a change.</param>
public readonly record struct ToolRun(string Tool, int Failures, int Repetitions)
{
    /// <summary>Whether the last call failed, or only repeats the one before.</summary>
    public bool IsFailing => Failures > 0 || Repetitions > 0;
}

/// <summary>Whether a model is asked again about a tool that fails. One for each session and tool. Not thread-safe: its owner locks.</summary>
/// <remarks>Closed, it opens after too many failures; open, it stops the session for a time; then one request is the probe, and its result decides.</remarks>
public sealed class ToolBreaker
{
    private bool _isOpen, _isProbing;
    private TimeSpan _until;

    /// <param name="now">On a clock that only goes forward; the same for all calls.</param>
    /// <returns>Whether the session is stopped; false: the model is asked.</returns>
    public bool Stops(MitigationRule rule, in ToolRun run, TimeSpan now)
    {
        if (!run.IsFailing)
        {
            (_isOpen, _isProbing) = (false, false);
            return false;
        }

        if (!_isOpen)
        {
            if (Math.Max(run.Failures, run.Repetitions) < (rule.Failures ?? 5)) return run.Repetitions > (rule.Retries ?? 2);
            Open(rule, now);
            return true;
        }

        if (now < _until) return true;

        // The probe's result is in the next request. Until it comes, nothing else of the session passes; a probe without a result ends with the time.
        if (_isProbing)
        {
            Open(rule, now);
            return true;
        }

        _isProbing = true;
        return false;
    }

    /// <summary>How long the breaker is open.</summary>
    public TimeSpan OpenFor(TimeSpan now) => _isOpen && _until > now ? _until - now : TimeSpan.Zero;

    private void Open(MitigationRule rule, TimeSpan now) => (_isOpen, _isProbing, _until) = (true, false, now + TimeSpan.FromSeconds(rule.OpenSeconds ?? 60));
}
