using Tieout.Core;
using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Server.Attribution;

namespace Tieout.Server.Triage.Packets;

/// <summary>Finds the claims of an envelope of which the ledger has the hash. An envelope's text follows from its claims and its key, so claims that come to
/// the stored hash are the envelope's, and no others are.</summary>
internal static class KnownClaims
{
    /// <summary>How far back an envelope may have been issued before its first step, in seconds. Most are issued in the request itself.</summary>
    private const int SecondsBack = 5;

    private static readonly TimeSpan[] Lifetimes =
        [Envelope.LifetimeDefault, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromHours(1), TimeSpan.FromHours(8), Envelope.LifetimeMax];

    /// <param name="first">The envelope's first step.</param>
    /// <param name="attempts">Of its operation.</param>
    /// <returns>Null: other claims than the usual ones, or the key's secret is not here.</returns>
    public static Envelope? Of(LineageEntry first, IEnumerable<DisputedAttempt> attempts, KeyMaterial key)
    {
        if (key.Signing is null) return null;

        // A key that issues no more signs here only to compare hashes: the text is thrown away.
        var signing = key with { Key = key.Key with { State = EnvelopeKeyState.Active } };
        var made = attempts.ToList();
        var used = made.Select(attempt => attempt.Usage?.Usage.Labels.Key ?? attempt.Attempt.Hold?.Scope.Key);
        string?[] holders = [.. Distinct([first.Row.Step.Executor, .. used]), null];
        string[] originators = [.. Distinct([.. made.Select(attempt => attempt.Usage?.Usage.EndUser ?? attempt.Attempt.Hold?.EndUser), .. holders, "admin"])];
        string[] workflows = [.. Distinct([.. made.Select(attempt => attempt.Usage?.Usage.WorkflowId), first.OperationId])];
        foreach (var issuedAt in IssuedAt(first))
        {
            foreach (var lifetime in Lifetimes)
            {
                foreach (var (originator, workflow, holder) in originators.SelectMany(
                    originator => workflows.SelectMany(workflow => holders.Select(holder => (originator, workflow, holder)))))
                {
                    var claims = new Envelope(
                        first.Org, originator, workflow, first.OperationId, first.Row.Issuance, null, EnvelopeIssuer.Audience, issuedAt, issuedAt + lifetime)
                    { ApiKey = holder };
                    if (claims.Validate() is not null) continue;
                    if (Lineage.HashOf(EnvelopeToken.Sign(claims, signing)).AsSpan().SequenceEqual(first.TokenSha256)) return claims;
                }
            }
        }

        return null;
    }

    /// <summary>The second that the issuance id was made in, where it says one, and the seconds before the first step.</summary>
    private static IEnumerable<Instant> IssuedAt(LineageEntry first)
    {
        var seconds = new List<long>();
        if (Guid.TryParseExact(first.Row.Issuance, "D", out var id) && id.Version == 7)
        {
            var milliseconds = Convert.ToInt64(id.ToString("N")[..12], 16);
            seconds.AddRange([milliseconds / 1_000, milliseconds / 1_000 - 1]);
        }

        var at = first.Row.Step.At.UnixMicros / Instant.MicrosPerSecond;
        for (var back = 0; back <= SecondsBack; back++) seconds.Add(at - back);
        return seconds.Distinct().Select(second => new Instant(second * Instant.MicrosPerSecond));
    }

    private static IEnumerable<string> Distinct(IEnumerable<string?> texts) => texts.OfType<string>().Distinct(StringComparer.Ordinal);
}
