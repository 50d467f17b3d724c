namespace Tieout.Core.Spike;

/// <summary>Triggers of work that is done again, so that a feature costs more than its users ask for.</summary>
public static class RepeatedWork
{
    /// <summary>The triggers, in the order in which people look for them.</summary>
    public static IReadOnlyList<string> Triggers { get; } = ["undo", "retry", "auto_save", "recompute"];

    /// <summary>Whether a trigger means that work is done again.</summary>
    public static bool Contains(string? trigger) => trigger is "undo" or "retry" or "auto_save" or "recompute";
}
