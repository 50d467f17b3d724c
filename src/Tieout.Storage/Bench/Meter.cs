using System.Diagnostics;

namespace Tieout.Storage.Bench;

/// <summary>Adds up the timed parts of a run.</summary>
internal sealed class Meter
{
    private readonly List<long> _took = [];
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

    public void Took(long start) => _took.Add(Stopwatch.GetTimestamp() - start);

    public void Limit((long Charges, long Ticks) measured)
    {
        _limitCharges += measured.Charges;
        _limitTicks += measured.Ticks;
    }

    public void Reset()
    {
        _took.Clear();
        _ticks = _charges = _limitTicks = _limitCharges = 0;
        _cpu = TimeSpan.Zero;
    }

    public LedgerBenchResult Result(LedgerBenchOptions options)
    {
        _took.Sort();
        var perS = Rate(_charges, _ticks);
        var limit = Rate(_limitCharges, _limitTicks);
        return new(
            _charges, options.Batch, Math.Round(perS), Math.Round(limit), limit == 0 ? 0 : Math.Round(perS / limit, 3), Ms(50), Ms(99),
            Math.Round((decimal)_cpu.TotalSeconds, 3), Math.Round((decimal)_ticks / Stopwatch.Frequency, 3), Math.Round(GC.GetTotalMemory(forceFullCollection: true) / 1_048_576m, 1));
    }

    private static decimal Rate(long charges, long ticks) => ticks == 0 ? 0 : (decimal)charges * Stopwatch.Frequency / ticks;

    private static TimeSpan Cpu() => Environment.CpuUsage.TotalTime;

    private decimal Ms(int percent) => _took.Count == 0 ? 0 : Math.Round(_took[Math.Min(_took.Count - 1, _took.Count * percent / 100)] * 1_000m / Stopwatch.Frequency, 3);
}
