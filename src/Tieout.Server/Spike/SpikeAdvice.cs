using System.Diagnostics;

namespace Tieout.Server.Spike;

/// <summary>The runbook's quick reference: where a finding of each question points to.</summary>
internal static class SpikeAdvice
{
    /// <param name="no">Of the question, from 1 to 6.</param>
    public static string Of(int no) => no switch
    {
        1 => "If the cost still rises after a mitigation, cap it at once and tell engineering leadership within the hour.",
        2 => "More traffic: look for a campaign, a viral feature, bots (user agents) or an attack (rate limits).",
        3 => "High undo or retries: look for a change of the user interface, a retry loop, or more frequent auto-saves.",
        4 => "Rising input: look for context that is appended and not replaced, or a new template. Rising output: look at the model, its sampling, or the prompt.",
        5 => "One feature: look for a bug in it, its latest release, or abuse.",
        6 => "Tool retries: look at the external API of the tool; admit fewer retries, and break the circuit.",
        _ => throw new UnreachableException($"The runbook has no question {no}."),
    };
}
