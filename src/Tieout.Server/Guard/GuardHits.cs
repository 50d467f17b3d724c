using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Ledger;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Guard;

/// <summary>What a policy answered on a day in UTC.</summary>
/// <param name="Asked">The sum of the four figures after it.</param>
/// <param name="HitRate">Shadow hits and blocks of all that was asked, from 0 to 1 with four decimals.</param>
public sealed record GuardDayBody(string Policy, string Day, long Asked, long Allowed, long Overridden, long ShadowHits, long Blocked, decimal HitRate);

/// <param name="Samples">The newest decisions that were a hit, a block or overridden.</param>
public sealed record GuardHitsBody(string From, string Before, IReadOnlyList<GuardDayBody> Items, IReadOnlyList<GuardDecision> Samples, long AsOf);

/// <param name="Asked">By policy; a policy that is not in it was not asked.</param>
/// <param name="LastUses">By override; one that is not in it allowed nothing.</param>
internal sealed record GuardUses(IReadOnlyDictionary<string, long> Asked, IReadOnlyDictionary<string, DateTimeOffset> LastUses);

/// <summary><c>GET /guard/hits</c>: what policies allowed, would have blocked and blocked, by day, with samples.</summary>
internal static class GuardHits
{
    private const int DaysDefault = 7;
    private const int DaysMax = 92;
    private const int SamplesMax = 20;

    public static void MapGuardHits(this IEndpointRouteBuilder api) => api.MapGet("/guard/hits", Read).Allow(Access.EveryRole);

    private static async Task<IResult> Read(HttpContext context, ILedger ledger, CurrentGuard guard, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "policy", "org", "from", "to");
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var before = Day(context, "to") ?? today.AddDays(1);
        var from = Day(context, "from") ?? before.AddDays(-DaysDefault);
        if (from >= before || before.DayNumber - from.DayNumber > DaysMax)
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, $"'from' must be before 'to', and at most {DaysMax} days before it.");
        }

        var policy = Inputs.Query(context, "policy");
        if (policy is not null) GuardPolicyEndpoints.Standing(guard, policy);
        var org = Inputs.Query(context, "org") is { } named ? Inputs.Org(ledger, named).Org.Id : null;
        return Answer.Ok(await ReadAsync(ledger, policy, org, from, before, context.RequestAborted), GuardJson.Default.GuardHitsBody);
    }

    /// <param name="policy">Null: all.</param>
    /// <param name="org">The org that owns the resources; null: any org, and resources that no org owns.</param>
    /// <param name="before">The day after the last one, in UTC.</param>
    public static async Task<GuardHitsBody> ReadAsync(
        ILedger ledger, string? policy, string? org, DateOnly from, DateOnly before, CancellationToken cancellationToken)
    {
        var asOf = ledger.Read.AsOf;
        IEnumerable<string> orgs = org is not null ? [org] : ["", .. ledger.Read.Orgs.Select(state => state.Org.Id)];
        var tally = new GuardTally(SamplesMax);
        foreach (var each in orgs)
        {
            await foreach (var row in RangeAsync(ledger.Read, each, from, before, cancellationToken))
            {
                var decision = GuardDecision.Parse(row.Body);
                if (decision.Policy is not null && (policy is null || decision.Policy == policy)) tally.Add(decision);
            }
        }

        return new(GuardDecision.FirstId(from), GuardDecision.FirstId(before), tally.Days(), tally.Samples(), asOf);
    }

    /// <summary>How often policies were asked and when overrides were last used, whoever owned the resources.</summary>
    /// <param name="before">The day after the last one, in UTC.</param>
    public static async Task<GuardUses> UsesAsync(ILedger ledger, DateOnly from, DateOnly before, CancellationToken cancellationToken)
    {
        var (asked, used) = (new Dictionary<string, long>(StringComparer.Ordinal), new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal));
        foreach (var each in (IEnumerable<string>)["", .. ledger.Read.Orgs.Select(state => state.Org.Id)])
        {
            await foreach (var row in RangeAsync(ledger.Read, each, from, before, cancellationToken))
            {
                var decision = GuardDecision.Parse(row.Body);
                if (decision.Policy is { } policy) asked[policy] = asked.GetValueOrDefault(policy) + 1;
                if (decision.OverrideId is { } id && decision.DecidedAt > used.GetValueOrDefault(id)) used[id] = decision.DecidedAt;
            }
        }

        return new(asked, used);
    }

    private static async IAsyncEnumerable<RecordRow> RangeAsync(
        IRecordsReader reader, string org, DateOnly from, DateOnly before,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        const int rows = 500;
        var after = new RecordKey(RecordKind.GuardDecision, org, GuardDecision.FirstId(from));
        var end = GuardDecision.FirstId(before);
        while (true)
        {
            var page = await reader.RecordsAsync(RecordKind.GuardDecision, org, after, rows, cancellationToken);
            foreach (var row in page)
            {
                if (string.CompareOrdinal(row.Name, end) >= 0) yield break;
                yield return row;
            }

            if (page.Count < rows) yield break;
            after = page[^1].Key;
        }
    }

    private static DateOnly? Day(HttpContext context, string name)
    {
        if (Inputs.Query(context, name) is not { } text) return null;
        return DateOnly.TryParseExact(text, "yyyy-MM-dd", out var day)
            ? day : throw new ApiRefusedException(ApiError.ParameterInvalid, $"'{Inputs.Shown(text)}' is not a day: write YYYY-MM-DD.");
    }
}
