using System.Collections.Immutable;
using Tieout.Core.Tenancy;

namespace Tieout.Server.Configuration;

/// <summary>Which triggers mean that work is done again.</summary>
public sealed record SpikeOptions
{
    /// <summary>Work that a user or a client has done again.</summary>
    public ImmutableArray<string> HiddenTriggers { get; init; } = ["undo", "retry", "auto_save", "recompute"];

    /// <summary>Work that is done again because a tool failed.</summary>
    public ImmutableArray<string> ToolRetryTriggers { get; init; } = ["tool_retry"];
}

/// <summary>Reads <c>spike</c> of <c>tieout.yaml</c>.</summary>
internal static class SpikeYaml
{
    public static SpikeOptions Spike(YamlPlace place)
    {
        var members = place.Members("hidden_triggers", "tool_retry_triggers");
        var options = new SpikeOptions();
        if (members.TryGetValue("hidden_triggers", out var hidden)) options = options with { HiddenTriggers = Triggers(hidden) };
        if (members.TryGetValue("tool_retry_triggers", out var retries)) options = options with { ToolRetryTriggers = Triggers(retries) };
        var both = options.HiddenTriggers.Intersect(options.ToolRetryTriggers, StringComparer.Ordinal).FirstOrDefault();
        return both is null ? options : throw place.Wrong($"the trigger '{both}' is in both lists: name it in one");
    }

    private static ImmutableArray<string> Triggers(YamlPlace place) => [.. place.Items().Select(item => Names.IsValid(item.Text())
        ? item.Text() : throw item.Wrong($"'{item.Text()}' is not a trigger: use letters, digits and _ . : @ / + - only"))];
}
