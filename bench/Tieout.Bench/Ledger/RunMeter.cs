using System.Diagnostics;
using Tieout.Simulator.Replay;

namespace Tieout.Bench.Ledger;

/// <summary>Adds up the timed parts of a run.</summary>
internal sealed class RunMeter
{
    private LatencyHistogram _took = new();
    private long _ticks;
    private long _charges;
    private long _limitTicks;
    private long _limitCharges;
    private TimeSpan _cpu;
    private long _start;
    private TimeSpan _cpuStart;

    public void Begin()
    {
        _cpuStart = Cpu();
        _start = Stopwatch.GetTimestamp();
    }

    public void End(int charges)
    {
        _ticks += Stopwatch.GetTimestamp() - _start;
        _cpu += Cpu() - _cpuStart;
        _charges += charges;
    }

    /// <param name="ticks">One batch, or one command.</param>
    public void Took(long ticks) => _took.Add(Stopwatch.GetElapsedTime(0, ticks));

    public void Limit((long Charges, long Ticks) measured)
    {
        _limitCharges += measured.Charges;
        _limitTicks += measured.Ticks;
    }

    public void Reset()
    {
        _took = new();
        _ticks = _charges = _limitTicks = _limitCharges = 0;
        _cpu = TimeSpan.Zero;
    }

    /// <param name="oneNode">What the same was by one node alone.</param>
    public LedgerBenchResult Result(LedgerBenchOptions options, LedgerBenchResult? oneNode)
    {
        var perS = Rate(_charges, _ticks);
        var limit = _limitTicks == 0 ? (decimal?)null : Rate(_limitCharges, _limitTicks);
        return new(
            _charges, options.Batch, Math.Round(perS), limit is { } rows ? Math.Round(rows) : null, limit > 0 ? Math.Round(perS / limit.Value, 3) : null,
            _took.QuantileMs(500), _took.QuantileMs(990), _took.QuantileMs(999),
            Math.Round((decimal)_cpu.TotalSeconds, 3), Math.Round((decimal)_ticks / Stopwatch.Frequency, 3),
            Math.Round(GC.GetTotalMemory(forceFullCollection: true) / 1_048_576m, 1),
            options.Nodes, options.RatePerS, oneNode);
    }

    private static decimal Rate(long charges, long ticks) => ticks == 0 ? 0 : (decimal)charges * Stopwatch.Frequency / ticks;

    private static TimeSpan Cpu() => Environment.CpuUsage.TotalTime;
}
