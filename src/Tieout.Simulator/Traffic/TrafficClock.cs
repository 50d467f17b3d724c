namespace Tieout.Simulator.Traffic;

/// <summary>How much traffic an hour has: the day, the week, noise of each hour and what comes out of nowhere.</summary>
internal sealed class TrafficClock
{
    private readonly double[] _noise;
    private readonly Dictionary<(int Behind, double Weekend), double[]> _levels = [];
    private (int Behind, double Weekend, double[]? Hours) _level;
    private readonly double _night, _second, _cellNoise;

    /// <summary>From which hour on the clocks of all orgs are an hour ahead: a change to summer time. Never, as a rule.</summary>
    public int SummerFrom { get; init; } = int.MaxValue;

    /// <summary>A Monday's traffic for each request of another working day.</summary>
    public double Monday { get; init; } = 1;

    /// <summary>Growth from a day to the next: 0.03 is 3 %.</summary>
    public double GrowthPerDay { get; init; }

    public TrafficClock(DateTimeOffset start, int hours, double noise, TrafficRandom random)
    {
        Start = start;
        Noise = noise;
        _night = random.Between(0.15, 0.5);
        _second = random.Between(0, 0.15);
        _cellNoise = random.Between(0.05, 0.25);
        _noise = new double[hours];
        var last = random.Normal();
        for (var hour = 0; hour < hours; hour++)
        {
            // An hour resembles the one before (ρ = 0.3), and one hour in 100 is far out.
            last = 0.3 * last + Math.Sqrt(1 - 0.09) * random.Normal();
            _noise[hour] = Math.Exp(noise * last + (random.Chance(0.01) ? noise * random.Between(1, 3) : 0));
        }
    }

    public DateTimeOffset Start { get; }

    /// <summary>The deviation of an hour's total from its usual level.</summary>
    public double Noise { get; }

    /// <summary>Times the cell's rate, without noise. Cells of one org share it.</summary>
    public double Level(TrafficCell cell, int hour)
    {
        if (_level.Behind != cell.Behind || _level.Weekend != cell.Weekend || _level.Hours is null)
        {
            if (!_levels.TryGetValue((cell.Behind, cell.Weekend), out var hours))
            {
                _levels.Add((cell.Behind, cell.Weekend), hours = new double[_noise.Length]);
                Array.Fill(hours, double.NaN);
            }

            _level = (cell.Behind, cell.Weekend, hours);
        }

        if (hour < 0 || hour >= _level.Hours.Length) return Drawn(cell, hour);
        ref var level = ref _level.Hours[hour];
        return double.IsNaN(level) ? level = Drawn(cell, hour) : level;
    }

    private double Drawn(TrafficCell cell, int hour)
    {
        var local = Start.AddHours(hour - cell.Behind + (hour >= SummerFrom ? 1 : 0));
        // Most at three in the afternoon, with a second hump in the morning or none.
        var angle = 2 * Math.PI * (local.Hour - 15) / 24;
        var day = _night + (1 - _night) * (0.5 + 0.5 * Math.Cos(angle)) + _second * Math.Cos(2 * angle);
        var week = local.DayOfWeek switch
        {
            DayOfWeek.Saturday or DayOfWeek.Sunday => cell.Weekend,
            DayOfWeek.Monday => Monday,
            _ => 1,
        };
        return Math.Max(0.02, day) * week * 1.6 * Math.Pow(1 + GrowthPerDay, hour / 24.0);
    }

    /// <summary>What is different this hour for everybody, and for a cell.</summary>
    public double NoiseOf(int hour, TrafficRandom random) => _noise[hour] * Math.Exp(_cellNoise * random.Normal());
}
