using Tieout.Core.Spike;

namespace Tieout.Analysis.Change;

/// <summary>Which triggers mean that work is done again.</summary>
public sealed class AttemptClasses(IEnumerable<string> hidden, IEnumerable<string> toolRetries)
{
    private readonly HashSet<string> _hidden = new(hidden, StringComparer.Ordinal);

    private readonly HashSet<string> _toolRetries = new(toolRetries, StringComparer.Ordinal);

    public static AttemptClasses Default { get; } = new(RepeatedWork.Triggers, ["tool_retry"]);

    public AttemptClass Of(string? trigger) => trigger is null ? AttemptClass.Primary
        : _hidden.Contains(trigger) ? AttemptClass.Hidden
        : _toolRetries.Contains(trigger) ? AttemptClass.ToolRetry : AttemptClass.Primary;
}
