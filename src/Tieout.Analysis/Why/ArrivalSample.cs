namespace Tieout.Analysis.Why;

/// <summary>One attempt of a sample.</summary>
/// <param name="Labels">Its labels; compared with those of others.</param>
/// <param name="User">The end user; null: it names none.</param>
/// <param name="AtMicros">When it was made, in microseconds since 1970.</param>
/// <param name="Cost">In nano-units.</param>
/// <param name="Delay">How much later it was recorded.</param>
public readonly record struct SampledAttempt(
    object Labels, string? User, long AtMicros, long InputTokens, long OutputTokens, Int128 Cost, TimeSpan Delay);

/// <summary>What a sample of single attempts says of how usage arrives: what looks like another attempt, and what arrived late, beyond what did in the
/// baseline.</summary>
/// <remarks>A sender that always reports a day late, or whose attempts always look alike, does so in the baseline, too: only the difference counts.</remarks>
public sealed class ArrivalSample
{
    /// <summary>Usage arrives within minutes as a rule.</summary>
    public static readonly TimeSpan LateAfter = TimeSpan.FromHours(6);

    private const long MicrosPerSecond = 1_000_000;

    private readonly Side _expected = new(), _actual = new();

    /// <param name="isActual">Of the compared hours; false: of the baseline.</param>
    public void Add(bool isActual, in SampledAttempt attempt) => (isActual ? _actual : _expected).Add(attempt);

    /// <param name="expected">What the sampled labels were expected to cost in the compared hours, in nano-units.</param>
    /// <param name="actual">What they cost.</param>
    /// <param name="rise">Of everything, in nano-units: the sample stands for it.</param>
    public ArrivalSigns Signs(Int128 expected, Int128 actual, Int128 rise)
    {
        if (actual <= expected || rise <= 0) return default;
        var scale = (double)actual / (double)(actual - expected) * (double)rise;
        return new(
            Part(_actual.Share(_actual.Alike) - _expected.Share(_expected.Alike)), Part(_actual.Share(_actual.Late) - _expected.Share(_expected.Late)));

        Int128 Part(double more) => (Int128)(Math.Max(0, more) * scale);
    }

    private sealed class Side
    {
        private readonly HashSet<(object, string?, long, long, long)> _seen = [];
        private double _cost;

        public double Alike { get; private set; }

        public double Late { get; private set; }

        public double Share(double part) => _cost > 0 ? part / _cost : 0;

        public void Add(in SampledAttempt attempt)
        {
            var cost = (double)attempt.Cost;
            _cost += cost;
            if (attempt.Delay > LateAfter) Late += cost;

            // Clocks of whole seconds tell no two attempts of a burst apart.
            var isExact = attempt.AtMicros % MicrosPerSecond != 0 && attempt.InputTokens + attempt.OutputTokens > 0;
            if (isExact && !_seen.Add((attempt.Labels, attempt.User, attempt.AtMicros, attempt.InputTokens, attempt.OutputTokens))) Alike += cost;
        }
    }
}
