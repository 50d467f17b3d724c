namespace Tieout.Simulator.Traffic;

/// <summary>Traffic with one set of labels as it is before anything is planted.</summary>
internal sealed record TrafficCell
{
    public required TrafficLabels Labels { get; init; }

    /// <summary>Primary requests in an hour, on average over a working day.</summary>
    public required double Rate { get; init; }

    /// <summary>Long prompts of agents, or code completion.</summary>
    public required bool IsAgent { get; init; }

    /// <summary>Mean tokens of the prompt, all of it.</summary>
    public required double Input { get; init; }

    /// <summary>Mean visible tokens of the answer.</summary>
    public required double Output { get; init; }

    /// <summary>Shares of the prompt that the cache had, and that were put into it.</summary>
    public double CacheRead { get; init; }

    /// <inheritdoc cref="CacheRead"/>
    public double CacheWrite { get; init; }

    /// <summary>Tokens of reasoning for each visible one.</summary>
    public double Reasoning { get; init; }

    /// <summary>Hidden requests for each primary one.</summary>
    public double Retry { get; init; }

    /// <inheritdoc cref="Retry"/>
    public double Undo { get; init; }

    /// <inheritdoc cref="Retry"/>
    public double AutoSave { get; init; }

    public string? Tool { get; init; }

    /// <summary>The share of the answers that call the tool.</summary>
    public double ToolUse { get; init; }

    /// <summary>The share of the tool's results that are errors.</summary>
    public double ToolFailure { get; init; }

    /// <summary>What is booked for each unit of the list: 0.5 where everything runs as a batch.</summary>
    public double Discount { get; init; } = 1;

    /// <summary>End users of the org that use this.</summary>
    public required int Users { get; init; }

    /// <summary>Hours that the org's day is behind UTC.</summary>
    public int Behind { get; init; }

    /// <summary>Traffic of a weekend's day for each request of a working day's.</summary>
    public double Weekend { get; init; } = 1;

    public CellHour Plain => new()
    {
        Volume = 1,
        Users = 1,
        Input = Input,
        Output = Output,
        CacheRead = CacheRead,
        CacheWrite = CacheWrite,
        Reasoning = Reasoning,
        Retry = Retry,
        Undo = Undo,
        AutoSave = AutoSave,
        ToolFailure = ToolFailure,
        Discount = Discount,
    };
}

/// <summary>What a cell is like in one hour, after what is planted.</summary>
internal struct CellHour
{
    /// <summary>Times the cell's rate.</summary>
    public double Volume;

    /// <summary>Times the cell's users.</summary>
    public double Users;

    /// <summary>The share of the primary requests that one of a few users makes.</summary>
    public double BotShare;

    public double Input, Output, CacheRead, CacheWrite, Reasoning, Retry, Undo, AutoSave, ToolFailure, Discount;

    /// <summary>The share of the calls that end with an error.</summary>
    public double Failures;

    /// <summary>The version of the price list.</summary>
    public int Prices;

    /// <summary>The share of the requests that arrive a day late.</summary>
    public double Late;

    /// <summary>The share of the requests whose usage arrives twice.</summary>
    public double Twice;

    /// <summary>Cached tokens are counted as fresh ones too.</summary>
    public bool CountsCachedTwice;
}

/// <summary>What somebody planted, or a distractor: changes a cell's hour.</summary>
/// <param name="cell">The cell that the hour belongs to.</param>
/// <param name="hour">The hour, from 0 at the beginning of the baseline.</param>
/// <param name="now">The hour as it is so far.</param>
internal delegate void TrafficChange(TrafficCell cell, int hour, ref CellHour now);
