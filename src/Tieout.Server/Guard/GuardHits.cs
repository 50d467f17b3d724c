using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Jobs;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Guard;

/// <summary>What a policy answered on a day in UTC.</summary>
/// <param name="Asked">The sum of the four figures after it.</param>
/// <param name="HitRate">Shadow hits and blocks of all that was asked, from 0 to 1 with four decimals.</param>
public sealed record GuardDayBody(string Policy, string Day, long Asked, long Allowed, long Overridden, long ShadowHits, long Blocked, decimal HitRate)
{
    internal static GuardDayBody Of(string policy, DateOnly day, GuardCounts counts) => new(
        policy, GuardDecision.FirstId(day), counts.Asked, counts.Allowed, counts.Overridden, counts.ShadowHits, counts.Blocked,
        Math.Round((counts.ShadowHits + counts.Blocked) / (decimal)counts.Asked, 4));
}

/// <param name="Samples">The newest decisions that were a hit, a block or overridden.</param>
public sealed record GuardHitsBody(string From, string Before, IReadOnlyList<GuardDayBody> Items, IReadOnlyList<GuardDecision> Samples, long AsOf);

/// <param name="Asked">By policy; a policy that is not in it was not asked.</param>
/// <param name="LastUses">By override; one that is not in it allowed nothing.</param>
internal sealed record GuardUses(IReadOnlyDictionary<string, long> Asked, IReadOnlyDictionary<string, DateTimeOffset> LastUses);

/// <summary><c>GET /guard/hits</c>: what policies allowed, would have blocked and blocked, by day, with samples.</summary>
internal static class GuardHits
{
    private const int DaysDefault = 7;

    /// <summary>The longest range.</summary>
    public const int DaysMax = 92;

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
        var (asOf, tally) = (ledger.Read.AsOf, new GuardTally());
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var owner in org is not null ? [org] : GuardHours.Owners(ledger))
        {
            var own = await TallyAsync(ledger.Read, owner, from, before, cancellationToken);
            tally.Add(own);
            foreach (var (_, counts) in own.Policies().Where(pair => policy is null || pair.Key == policy))
            {
                foreach (var sample in counts.Samples) owners[sample] = owner;
            }
        }

        var samples = new List<GuardDecision>();
        foreach (var id in GuardCounts.Newest(owners.Keys))
        {
            var row = await ledger.Read.RecordAsync(new(RecordKind.GuardDecision, owners[id], id), cancellationToken);
            if (row is not null) samples.Add(GuardDecision.Parse(row.Body));
        }

        return new(GuardDecision.FirstId(from), GuardDecision.FirstId(before), tally.Days(policy), samples, asOf);
    }

    /// <summary>How often policies were asked and when overrides were last used, whoever owned the resources.</summary>
    /// <param name="before">The day after the last one, in UTC.</param>
    public static async Task<GuardUses> UsesAsync(ILedger ledger, DateOnly from, DateOnly before, CancellationToken cancellationToken)
    {
        var tally = new GuardTally();
        foreach (var owner in GuardHours.Owners(ledger)) tally.Add(await TallyAsync(ledger.Read, owner, from, before, cancellationToken));
        return new(tally.Policies().ToDictionary(pair => pair.Key, pair => pair.Value.Asked, StringComparer.Ordinal), tally.Uses);
    }

    /// <summary>Decisions about resources of an owner in a half-open range, in the order of time.</summary>
    public static async IAsyncEnumerable<GuardDecision> DecisionsAsync(
        IRecordsReader read, string owner, Instant from, Instant to, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in read.RecordsBetweenAsync(
            RecordKind.GuardDecision, owner, GuardDecision.FirstId(from), GuardDecision.FirstId(to), cancellationToken))
        {
            yield return GuardDecision.Parse(row.Body);
        }
    }

    /// <summary>When the next decision was made from a time on; null: there is none.</summary>
    public static async Task<Instant?> FirstAsync(IRecordsReader read, string owner, Instant from, CancellationToken cancellationToken)
    {
        var after = new RecordKey(RecordKind.GuardDecision, owner, GuardDecision.FirstId(from));
        return await read.RecordsAsync(RecordKind.GuardDecision, owner, after, limit: 1, cancellationToken) is [var row, ..]
            ? Instant.From(GuardDecision.Parse(row.Body).DecidedAt) : null;
    }

    /// <summary>Hours that are added up, and one by one the decisions since.</summary>
    private static async Task<GuardTally> TallyAsync(
        IRecordsReader read, string owner, DateOnly from, DateOnly before, CancellationToken cancellationToken)
    {
        var (tally, start, end) = (new GuardTally(), Start(from), Start(before));
        if (await GuardHours.ThroughAsync(read, cancellationToken) is { } through && through > start)
        {
            var last = through < end ? through : end;
            await foreach (var row in read.RecordsBetweenAsync(RecordKind.GuardHour, owner, HourName.Of(start), HourName.Of(last), cancellationToken))
            {
                tally.Add(DateOnly.FromDateTime(HourName.StartOf(row.Name).ToDateTimeOffset().UtcDateTime),
                    JsonSerializer.Deserialize(row.Body, GuardJson.Default.GuardHour)!);
            }

            start = last;
        }

        await foreach (var decision in DecisionsAsync(read, owner, start, end, cancellationToken)) tally.Add(decision);
        return tally;
    }

    private static Instant Start(DateOnly day) => Instant.From(new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero));

    private static DateOnly? Day(HttpContext context, string name)
    {
        if (Inputs.Query(context, name) is not { } text) return null;
        return DateOnly.TryParseExact(text, "yyyy-MM-dd", out var day)
            ? day : throw new ApiRefusedException(ApiError.ParameterInvalid, $"'{Inputs.Shown(text)}' is not a day: write YYYY-MM-DD.");
    }
}
