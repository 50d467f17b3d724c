namespace Tieout.Server.Gateway.Upstreams;

/// <summary>Facts of one upstream that the selection uses.</summary>
/// <param name="Priority">Lower comes first.</param>
/// <param name="Weight">1 or more.</param>
/// <param name="Excluded">The upstream was tried, its circuit is open, or the request may not go there.</param>
internal readonly record struct UpstreamCandidate(int Priority, int Weight, bool Excluded);

/// <summary>Step 5: selects the next upstream. Pure: the same candidates and number give the same choice.</summary>
internal static class UpstreamSelector
{
    /// <summary>Selects, among those not excluded, one of the lowest priority, in proportion to the weights.</summary>
    /// <param name="number">Any; spread evenly over requests.</param>
    /// <returns>Index of the candidate; −1: all are excluded.</returns>
    public static int Next(ReadOnlySpan<UpstreamCandidate> candidates, ulong number)
    {
        var (priority, weights) = (int.MaxValue, 0UL);
        foreach (var candidate in candidates)
        {
            if (candidate.Excluded || candidate.Priority > priority) continue;
            if (candidate.Priority < priority) (priority, weights) = (candidate.Priority, 0);
            weights += (ulong)candidate.Weight;
        }

        if (weights == 0) return -1;
        var drawn = number % weights;
        for (var i = 0; i < candidates.Length; i++)
        {
            var candidate = candidates[i];
            if (candidate.Excluded || candidate.Priority != priority) continue;
            if (drawn < (ulong)candidate.Weight) return i;
            drawn -= (ulong)candidate.Weight;
        }

        throw new System.Diagnostics.UnreachableException("The draw lies within the weights.");
    }

    /// <summary>A number for one attempt: FNV-1a over the operation's id and the attempt's number, mixed so that neighbours differ. It wraps by
    /// design.</summary>
    public static ulong Number(string operationId, int attemptNo)
    {
        unchecked
        {
            var hash = 14_695_981_039_346_656_037UL;
            foreach (var c in operationId) hash = (hash ^ c) * 1_099_511_628_211UL;
            hash = (hash ^ (uint)attemptNo) * 1_099_511_628_211UL;
            hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9UL;
            hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBUL;
            return hash ^ (hash >> 31);
        }
    }
}
