using Tieout.Core.Attribution.Contracts;

namespace Tieout.Server.Attribution.Contracts;

/// <summary>What people read about broken contracts.</summary>
internal static class ContractWords
{
    /// <summary>For example <c>it lacks feature, and team or key; trace_id is not 32 hexadecimal digits</c>.</summary>
    public static string Said(IReadOnlyList<ContractBreach> breaches)
    {
        var lacks = breaches.Where(breach => breach.Type is null).Select(breach => breach.Requirement).ToList();
        var parts = breaches.Where(breach => breach.Type is not null).Select(breach => $"{breach.Requirement} is not {ContractNames.Of(breach.Type!.Value)}");
        return string.Join("; ", lacks.Count == 0 ? parts : parts.Prepend($"it lacks {string.Join(", ", lacks)}"));
    }
}
