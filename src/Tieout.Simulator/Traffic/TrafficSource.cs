namespace Tieout.Simulator.Traffic;

/// <summary>Makes the requests of a case.</summary>
internal sealed class TrafficSource(TrafficPlot plot, TrafficClock clock, TrafficRandom random)
{
    private const int HourMs = 3_600_000;

    /// <summary>A few programs make what a bot makes.</summary>
    private const int Bots = 3;

    private readonly List<TrafficEvent> _made = [];
    private int[] _times = new int[64];
    private long _lastId;

    public IEnumerable<TrafficEvent> Events()
    {
        var noise = random.Fork(2);
        for (var hour = 0; hour < plot.End; hour++)
        {
            foreach (var cell in plot.World.Cells)
            {
                var now = plot.Now(cell, hour);
                var mean = cell.Rate * clock.Level(cell, hour) * now.Volume * clock.NoiseOf(hour, noise);
                var count = random.Poisson(mean);
                Arrivals(count);
                for (var i = 0; i < count; i++) Intent(cell, hour, _times[i], now);
                foreach (var made in _made) yield return made;
                _made.Clear();
            }

            foreach (var giant in plot.Giants.Where(giant => giant.Hour == hour)) yield return Giant(giant.Cell, giant.Hour, giant.Tokens);
        }
    }

    /// <summary>When the requests of an hour come: gaps of the trace's kind, most of them short and a few long, so that requests come in bursts.</summary>
    private void Arrivals(int count)
    {
        if (_times.Length < count) _times = new int[count * 2];
        Span<int> times = _times.AsSpan(0, count);
        var sum = 0.0;
        for (var i = 0; i <= count; i++)
        {
            // A log-normal gap with deviation 1.5 has the trace's variance of arrivals: some ten times a Poisson's.
            sum += Math.Exp(1.5 * random.Normal());
            if (i < count) times[i] = (int)(sum * 1_000);
        }

        for (var i = 0; i < count; i++) times[i] = (int)Math.Min(HourMs - 1, times[i] / (sum * 1_000) * HourMs);
    }

    /// <summary>One primary request and what follows from it.</summary>
    private void Intent(TrafficCell cell, int hour, int ms, in CellHour now)
    {
        var bot = random.Chance(now.BotShare);
        var users = Math.Max(Bots, (int)(cell.Users * now.Users));
        // A few users make most of the requests.
        var unit = random.Unit();
        var user = bot ? random.Below(Bots) : (int)(users * unit * unit);
        var (input, output) = Sizes(cell, now);
        var late = random.Chance(now.Late);
        var calls = cell.Tool is not null && random.Chance(cell.ToolUse);
        var failed = calls && random.Chance(now.ToolFailure);
        Make(cell, hour, ms, TrafficTrigger.Primary, user, input, output, now, late, calls ? cell.Tool : null, failed);

        for (var again = 1; failed && again <= TrafficExpectation.ToolRetriesMax; again++)
        {
            // The transcript has the failed call and its error.
            failed = random.Chance(now.ToolFailure);
            Make(cell, hour, ms + 2_000 * again, TrafficTrigger.ToolRetry, user, input * (1 + TrafficExpectation.TranscriptGrowth * again), output, now, late,
                cell.Tool, failed);
        }

        for (var left = random.Poisson(now.Retry); left > 0; left--) Make(cell, hour, ms + 1_000 * left, TrafficTrigger.Retry, user, input, output, now, late);
        for (var left = random.Poisson(now.Undo); left > 0; left--)
        {
            var (again, answer) = Sizes(cell, now);
            Make(cell, hour, ms + 9_000 * left, TrafficTrigger.Undo, user, again, answer, now, late);
        }

        for (var left = random.Poisson(now.AutoSave); left > 0; left--)
        {
            var (draft, answer) = Sizes(cell, now);
            Make(cell, hour, ms + 5_000 * left, TrafficTrigger.AutoSave, user, draft, answer * TrafficExpectation.AutoSaveOutput, now, late);
        }
    }

    private (double Input, double Output) Sizes(TrafficCell cell, in CellHour now)
    {
        var (inputs, outputs) = cell.IsAgent ? (TokenSizes.AgentContext, TokenSizes.AgentAnswer) : (TokenSizes.CodeContext, TokenSizes.CodeAnswer);
        return (inputs.Draw(random) / inputs.Mean * now.Input, outputs.Draw(random) / outputs.Mean * now.Output);
    }

    private void Make(
        TrafficCell cell, int hour, int ms, string trigger, int user, double input, double output, in CellHour now, bool late, string? tool = null,
        bool toolFailed = false)
    {
        var prompt = Math.Max(1, (int)input);
        var (read, write) = ((int)(prompt * now.CacheRead), (int)(prompt * now.CacheWrite));
        var fresh = prompt - read - write + (now.CountsCachedTwice ? read : 0);
        var visible = Math.Max(1, (int)output);
        var reasoning = (int)(output * now.Reasoning);
        var prices = plot.PricesOf(cell, now.Prices);
        var list = fresh * prices.Input + read * prices.CacheRead + write * prices.CacheWrite + (visible + reasoning) * prices.Output;
        var at = plot.Start.AddHours(hour).AddMilliseconds(Math.Min(ms, HourMs - 1));
        // Late ones come in the last hours of all.
        var arrived = late ? plot.Start.AddHours(plot.End).AddHours(-4 * random.Unit()) : at.AddSeconds(1 + 60 * random.Unit());
        var made = new TrafficEvent(++_lastId, at, arrived, cell.Labels, trigger, user, fresh, read, write, visible, reasoning, (long)(list * now.Discount),
            now.Prices, random.Chance(now.Failures), tool, toolFailed);
        _made.Add(made);
        if (!random.Chance(now.Twice)) return;
        _made.Add(made with { Id = plot.TwiceWithSameId ? made.Id : ++_lastId, ArrivedAt = arrived.AddMinutes(1 + 20 * random.Unit()) });
    }

    private TrafficEvent Giant(TrafficCell cell, int hour, int tokens)
    {
        var at = plot.Start.AddHours(hour).AddMinutes(17);
        var cost = tokens * plot.PricesOf(cell, 0).Input + 200 * plot.PricesOf(cell, 0).Output;
        return new(
            ++_lastId, at, at.AddSeconds(90), cell.Labels, TrafficTrigger.Primary, User: 0, tokens, CacheRead: 0, CacheWrite: 0, Output: 200, Reasoning: 0,
            cost, PriceVersion: 0, Failed: false, Tool: null, ToolFailed: false);
    }
}
