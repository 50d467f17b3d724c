namespace Tieout.Analysis.Change;

/// <summary>What drives a cost: the lines of a report. All of a change add up to it.</summary>
public enum CostDriver
{
    /// <summary>More primary requests.</summary>
    Volume,

    /// <summary>More undo, retries and auto-saves for each primary request.</summary>
    HiddenRecompute,

    /// <summary>More calls for each primary request because tools failed.</summary>
    ToolRetries,

    /// <summary>Requests moved to leaves that are dearer than the average.</summary>
    Mix,

    /// <summary>More tokens in each request.</summary>
    InputTokens,

    /// <summary>More tokens in each answer.</summary>
    OutputTokens,

    /// <summary>Less of the input was read from a cache, or more was written to one.</summary>
    Cache,

    /// <summary>A token costs more.</summary>
    Price,

    /// <summary>A request costs more beside its tokens.</summary>
    Fees,
}

/// <summary>A part of a change of cost, as fine as it is computed.</summary>
public enum CostPart
{
    Volume,
    Hidden,
    ToolRetries,
    Mix,
    Input,

    /// <summary>Of the output, what the client sees.</summary>
    Visible,

    /// <summary>Of the output, what the model thinks.</summary>
    Reasoning,
    Cache,

    /// <summary>The price list says another price.</summary>
    ListPrice,

    /// <summary>The same list price comes to another cost: a tier, a batch or a discount was lost or won.</summary>
    EffectivePrice,
    Fees,
}

/// <summary>The parts of a change, in nano-units.</summary>
public sealed class CostParts
{
    public const int Count = 11;

    private readonly Int128[] _parts = new Int128[Count];

    public Int128 this[CostPart part]
    {
        get => _parts[(int)part];
        set => _parts[(int)part] = value;
    }

    /// <summary>The parts of one driver together.</summary>
    public Int128 this[CostDriver driver]
    {
        get
        {
            Int128 sum = 0;
            for (var i = 0; i < Count; i++)
            {
                if (DriverOf((CostPart)i) == driver) sum += _parts[i];
            }

            return sum;
        }
    }

    public Int128 Sum
    {
        get
        {
            Int128 sum = 0;
            foreach (var part in _parts) sum += part;
            return sum;
        }
    }

    public void Add(CostParts other)
    {
        for (var i = 0; i < Count; i++) _parts[i] += other._parts[i];
    }

    public static CostDriver DriverOf(CostPart part) => part switch
    {
        CostPart.Volume => CostDriver.Volume,
        CostPart.Hidden => CostDriver.HiddenRecompute,
        CostPart.ToolRetries => CostDriver.ToolRetries,
        CostPart.Mix => CostDriver.Mix,
        CostPart.Input => CostDriver.InputTokens,
        CostPart.Visible or CostPart.Reasoning => CostDriver.OutputTokens,
        CostPart.Cache => CostDriver.Cache,
        CostPart.ListPrice or CostPart.EffectivePrice => CostDriver.Price,
        CostPart.Fees => CostDriver.Fees,
        _ => throw new ArgumentOutOfRangeException(nameof(part), part, null),
    };
}
