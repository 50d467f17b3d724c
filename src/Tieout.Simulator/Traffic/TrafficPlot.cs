namespace Tieout.Simulator.Traffic;

/// <summary>What a scenario has to work with, and what it leaves behind: changes, price lists and the truth.</summary>
internal sealed class TrafficPlot(TrafficWorld world, TrafficOptions options, DateTimeOffset start, TrafficRandom random)
{
    private static readonly Dictionary<string, string> Everywhere = [];

    public TrafficWorld World { get; } = world;
    public TrafficRandom Random { get; } = random;
    public DateTimeOffset Start { get; } = start;
    public int WindowFrom { get; } = options.BaselineDays * 24;
    public int End { get; } = options.BaselineDays * 24 + options.WindowHours;
    public List<TrafficChange> Changes { get; } = [];
    public List<TrafficPriceList> Lists { get; } = [];

    /// <summary>Single requests of a size that nothing else has: hour, cell, tokens of the prompt.</summary>
    public List<(int Hour, TrafficCell Cell, int Tokens)> Giants { get; } = [];

    /// <summary>The first hour that is different and the one after the last; a plant sets them.</summary>
    public int Onset { get; set; }

    public int Until { get; set; } = options.BaselineDays * 24 + options.WindowHours;

    public TrafficVerdict Verdict { get; set; } = TrafficVerdict.Sustained;
    public TrafficVerdict[] AlsoRight { get; set; } = [];
    public List<TrafficCause> Causes { get; } = [];
    public string? Fault { get; set; }
    public int OnsetWithin { get; set; } = 2;

    /// <summary>Senders that tell something twice use the same id.</summary>
    public bool TwiceWithSameId { get; set; }

    /// <summary>The least effect that makes this the case it is to be: nothing below is a spike. Null where any is right.</summary>
    public double? EffectMin { get; set; } = 0.25;

    /// <summary>What else must hold for the case to be one, judged with the expected cost of the hours concerned.</summary>
    public Func<TrafficExpectation, bool> Accept { get; set; } = _ => true;

    /// <summary>Draws an hour of the window with at least <paramref name="after"/> hours of it left.</summary>
    public int DrawOnset(int after = 12) => Onset = WindowFrom + 4 + Random.Below(End - WindowFrom - 4 - after);

    public string Draw(string label) => Label(Random.Pick(World.Cells).Labels, label);

    public static IReadOnlyDictionary<string, string> All => Everywhere;

    public static IReadOnlyDictionary<string, string> At(params (string Name, string Value)[] labels) =>
        labels.ToDictionary(label => label.Name, label => label.Value);

    public static bool Matches(IReadOnlyDictionary<string, string> where, TrafficLabels labels)
    {
        foreach (var (name, value) in where)
        {
            if (Label(labels, name) != value) return false;
        }

        return true;
    }

    public static string Label(TrafficLabels labels, string name) => name switch
    {
        "org" => labels.Org,
        "team" => labels.Team,
        "feature" => labels.Feature,
        "key" => labels.Key,
        "provider" => labels.Provider,
        "model" => labels.Model,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No label has this name."),
    };

    public void Because(TrafficFactor factor, string name, IReadOnlyDictionary<string, string> where, params IReadOnlyDictionary<string, string>[] also) =>
        Causes.Add(new(factor, name, where, also));

    /// <summary>From the onset until the end, where the labels match.</summary>
    public void Change(IReadOnlyDictionary<string, string> where, TrafficChange change)
    {
        var (from, until) = (Onset, Until);
        Changes.Add((TrafficCell cell, int hour, ref CellHour now) =>
        {
            if (hour >= from && hour < until && Matches(where, cell.Labels)) change(cell, hour, ref now);
        });
    }

    /// <summary>A cell that exists from the onset until the end only.</summary>
    public TrafficCell Appear(TrafficCell cell)
    {
        var (from, until) = (Onset, Until);
        var added = World.Add(cell);
        Changes.Add((TrafficCell other, int hour, ref CellHour now) =>
        {
            if (ReferenceEquals(other, added) && (hour < from || hour >= until)) now.Volume = 0;
        });
        return added;
    }

    /// <summary>From the onset until the end the cells send to another model; the labels apart from it stay.</summary>
    public void Move(IReadOnlyList<TrafficCell> cells, TrafficModel to)
    {
        var moved = cells.ToHashSet(ReferenceEqualityComparer.Instance);
        var (from, until) = (Onset, Until);
        foreach (var cell in cells)
        {
            Appear(cell with
            {
                Labels = cell.Labels with { Provider = to.Provider, Model = to.Name },
                Reasoning = to.Reasons ? Math.Max(cell.Reasoning, 0.5) : 0,
            });
        }

        Changes.Add((TrafficCell cell, int hour, ref CellHour now) =>
        {
            if (hour >= from && hour < until && moved.Contains(cell)) now.Volume = 0;
        });
    }

    /// <summary>A new list for a model from the onset on.</summary>
    public void Reprice(TrafficModel model, TrafficPrices before, TrafficPrices after)
    {
        Lists.Add(new(model.Provider, model.Name, 0, Start, before));
        Lists.Add(new(model.Provider, model.Name, 1, Start.AddHours(Onset), after));
        Change(At(("model", model.Name)), (TrafficCell _, int _, ref CellHour now) => now.Prices = 1);
    }

    public TrafficPrices PricesOf(TrafficCell cell, int version) =>
        Lists.FirstOrDefault(list => list.Model == cell.Labels.Model && list.Version == version)?.Prices ?? World.ModelOf(cell).Prices;

    public CellHour Now(TrafficCell cell, int hour)
    {
        var now = cell.Plain;
        foreach (var change in Changes) change(cell, hour, ref now);
        return now;
    }
}
