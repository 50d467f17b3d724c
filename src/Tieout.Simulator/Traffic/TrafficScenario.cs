namespace Tieout.Simulator.Traffic;

/// <summary>A kind of case: what is planted, by the number it has in the benchmark.</summary>
/// <param name="Number">0 is quiet, 1 to 30 are planted.</param>
/// <param name="Name">A stable word.</param>
/// <param name="Injection">What is planted, in words.</param>
public sealed record TrafficScenario(int Number, string Name, string Injection)
{
    private static readonly DateTimeOffset Monday = new(2026, 1, 5, 0, 0, 0, TimeSpan.Zero);

    /// <summary>All of them, in the order of their numbers.</summary>
    public static IReadOnlyList<TrafficScenario> All { get; } =
    [
        new(0, "quiet", "nothing but distractors"),
        new(1, "growth", "all traffic and its users grow"),
        new(2, "bot", "one org asks more, its users are as many as before"),
        new(3, "leaked_key", "a new key, at night, on a dear model"),
        new(4, "context_growth", "the history is appended in a feature: a ramp over a day"),
        new(5, "template", "the system prompt of a feature grows by hundreds or thousands of tokens"),
        new(6, "longer_answers", "one model answers at greater length"),
        new(7, "reasoning", "more tokens of reasoning in a feature on a model"),
        new(8, "cache_prefix", "the cache of a feature is missed: its prefix changes each time"),
        new(9, "cache_time", "the cache of a provider forgets sooner: less is read, more is written"),
        new(10, "auto_save", "a feature saves drafts more often"),
        new(11, "retry_storm", "a provider fails and clients try again"),
        new(12, "undo", "a feature invites to step back"),
        new(13, "tool_failure", "the tool of a feature fails and agents try again"),
        new(14, "list_price", "a model's list price rises"),
        new(15, "discount_lost", "an org loses its discount; the list is the same"),
        new(16, "model_moved", "a feature is moved to a dear model"),
        new(17, "fallback", "a provider is down for some hours and a dear one answers"),
        new(18, "new_feature", "a feature is launched"),
        new(19, "offset", "one feature rises and another falls by as much"),
        new(20, "two_causes", "a list price and the context of a feature at the same time"),
        new(21, "triple", "longer prompts in one feature of one org on one model"),
        new(22, "job", "a job of one hour"),
        new(23, "calendar", "a Monday, a weekend, or the change to summer time"),
        new(24, "giant", "one request with 900,000 tokens"),
        new(25, "twice", "the usage of requests arrives twice"),
        new(26, "price_book", "the price of cached tokens is corrected, or they are counted twice"),
        new(27, "late", "requests of yesterday arrive today"),
        new(28, "drop", "less traffic, dearer requests"),
        new(29, "drift", "3 % growth each day"),
        new(30, "cold_start", "two days of history"),
    ];

    internal TrafficOptions Options(TrafficOptions options) => Number == 30 ? options with { BaselineDays = 2 } : options;

    internal TrafficClock Clock(TrafficOptions options, TrafficRandom random)
    {
        var (from, hours) = (options.BaselineDays * 24, options.BaselineDays * 24 + options.WindowHours);
        var noise = random.Ratio(0.03, 0.15);
        var start = Monday.AddHours(random.Below(52 * 168));
        var kind = Number == 23 ? random.Below(3) : -1;
        // The calendar's windows end late on a Monday, end on a Sunday, or have the change in the middle.
        if (kind is 0) start = Monday.AddDays(7 * random.Below(50)).AddHours(20 + random.Below(4) - hours);
        if (kind is 1) start = Monday.AddDays(7 * random.Below(50) - 1).AddHours(random.Below(24) - hours);
        return new(start, hours, noise, random)
        {
            Monday = kind is 0 ? random.Between(1.1, 1.5) : random.Between(0.95, 1.1),
            SummerFrom = kind is 2 ? from + 12 + random.Below(24) : int.MaxValue,
            GrowthPerDay = Number == 29 ? random.Between(0.025, 0.035) : 0,
        };
    }

    internal void Plant(TrafficPlot plot, TrafficClock clock)
    {
        Action<TrafficPlot> plant = Number switch
        {
            0 => PlantsOfNothing.Quiet,
            1 => PlantsOfVolume.Growth,
            2 => PlantsOfVolume.Bot,
            3 => PlantsOfVolume.LeakedKey,
            4 => PlantsOfTokens.ContextGrowth,
            5 => PlantsOfTokens.Template,
            6 => PlantsOfTokens.LongerAnswers,
            7 => PlantsOfTokens.Reasoning,
            8 => PlantsOfTokens.CachePrefix,
            9 => PlantsOfTokens.CacheTime,
            10 => PlantsOfTokens.AutoSave,
            11 => PlantsOfTokens.RetryStorm,
            12 => PlantsOfTokens.Undo,
            13 => PlantsOfTokens.ToolFailure,
            14 => PlantsOfPrice.ListPrice,
            15 => PlantsOfPrice.DiscountLost,
            16 => PlantsOfVolume.ModelMoved,
            17 => PlantsOfVolume.Fallback,
            18 => PlantsOfVolume.NewFeature,
            19 => each => PlantsOfVolume.Offset(each, clock),
            20 => PlantsOfPrice.TwoCauses,
            21 => PlantsOfTokens.Triple,
            22 => PlantsOfNothing.Job,
            23 or 29 => PlantsOfNothing.Benign,
            24 => PlantsOfNothing.Giant,
            25 => PlantsOfPrice.Twice,
            26 => PlantsOfPrice.PriceBookFix,
            27 => PlantsOfPrice.LateEvents,
            28 => PlantsOfNothing.Drop,
            30 => PlantsOfNothing.ColdStart,
            _ => throw new InvalidOperationException($"Scenario {Number} plants nothing."),
        };
        plant(plot);
    }
}
