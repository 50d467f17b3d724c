using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Tieout.Server.Gateway;

/// <summary>Whose the responses are that a provider keeps, and which of them are still to be charged.</summary>
/// <remarks>
/// In memory: after a restart nobody's id is known, which is answered as not found, and the hold of a response that was being worked at
/// expires and is a finding.
/// </remarks>
internal sealed class StoredResponses
{
    /// <summary>Some 50 MB. Past this many, those that are charged are let go.</summary>
    private const int KeptMax = 100_000;

    private readonly ConcurrentDictionary<string, StoredResponse> _byId = new(StringComparer.Ordinal);

    public void Keep(string id, StoredResponse response)
    {
        if (_byId.Count >= KeptMax)
        {
            foreach (var (old, one) in _byId)
            {
                if (!one.IsPending) _byId.TryRemove(old, out _);
            }
        }

        _byId[id] = response;
    }

    /// <returns>False: there is none, or it is another org's. Which of the two, nobody is told.</returns>
    public bool TryFind(string id, string org, [NotNullWhen(true)] out StoredResponse? response) =>
        _byId.TryGetValue(id, out response) && response.Attempt.Caller.Spender.Key.Org == org;
}

/// <param name="attempt">The one that made it, and that is charged for it.</param>
/// <param name="promptBytes">For an estimate.</param>
internal sealed class StoredResponse(GatewayAttempt attempt, long promptBytes, bool isPending)
{
    public GatewayAttempt Attempt => attempt;

    public long PromptBytes => promptBytes;

    /// <summary>Held while it is settled, so that of many who ask at once one settles it.</summary>
    public SemaphoreSlim Settling { get; } = new(1);

    /// <summary>Whether it is still to be charged.</summary>
    public bool IsPending { get; set; } = isPending;
}
