using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Metering;

/// <summary>Attempts that failed, by where they were made and where they went.</summary>
/// <param name="Attempts">All attempts of the range, failed or not.</param>
public sealed record FailureListBody(string? Org, string From, string To, long Attempts, long Failures, IReadOnlyList<FailureBody> Items, long AsOf);

/// <param name="Status">The provider's; 0: it gave no answer.</param>
/// <param name="Attempts">All attempts of this source at this provider and model.</param>
/// <param name="SharePct">Failures in per cent of those, two decimals.</param>
public sealed record FailureBody(string Source, string? Provider, string? Model, int Status, long Failures, long Attempts, decimal SharePct, string LastSeen);

/// <summary><c>errors by-source</c>.</summary>
internal static class FailureEndpoints
{
    private const int HoursDefault = 24;

    private const int HoursMax = 24 * 31;

    public static void MapFailures(this IEndpointRouteBuilder api)
    {
        api.MapGet("/errors/by-source", (HttpContext context, ILedger ledger, TimeProvider time) => ListAsync(null, context, ledger, time)).Allow(
            Access.EveryRole);
        api.MapGet("/orgs/{org}/errors/by-source",
            (string org, HttpContext context, ILedger ledger, TimeProvider time) => ListAsync(Inputs.Org(ledger, org).Org.Id, context, ledger, time)).Allow(
                Access.Tenant(KeyScope.ReadUsage).OrEveryRole());
    }

    private static async Task<IResult> ListAsync(string? org, HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "source", "hours");
        // Whole hours, as they are counted. What counts a moment ahead of this clock is of the range all the same.
        var (asOf, now) = (ledger.Read.AsOf, Instant.From(time.GetUtcNow()));
        var from = Recount.HourOf(now - TimeSpan.FromHours(Hours(Inputs.Query(context, "hours"))));
        var to = Recount.HourOf(now + TimeSpan.FromMinutes(5)) + TimeSpan.FromHours(1);
        UsageSource? source = Inputs.Query(context, "source") is { } name ? Source(name) : null;

        var all = (await ledger.Read.StatusesAsync(org, from, to, context.RequestAborted)).Where(
            line => source is null || line.Labels.Source == source).ToList();
        var attempts = all.ToLookup(line => Where(line.Labels), line => line.Attempts);
        var items = all.Where(line => UsageRecord.IsFailure(line.Status)).GroupBy(line => (Where: Where(line.Labels), line.Status))
            .Select(group => Body(
                group.Key.Where, group.Key.Status, group.Sum(line => line.Attempts), attempts[group.Key.Where].Sum(), group.Max(line => line.LastAt)))
            .OrderByDescending(item => item.Failures).ThenBy(item => item.Source, StringComparer.Ordinal).ThenBy(item => item.Provider, StringComparer.Ordinal)
            .ThenBy(item => item.Model, StringComparer.Ordinal).ThenBy(item => item.Status).ToList();
        return Answer.Ok(
            new FailureListBody(org, from.ToString(), to.ToString(), all.Sum(line => line.Attempts), items.Sum(item => item.Failures), items, asOf),
            MeteringJson.Default.FailureListBody);
    }

    private static FailureBody Body((UsageSource Source, string? Provider, string? Model) where, int status, long failures, long attempts, Instant lastSeen) =>
        new(
        SnakeCase.Of(where.Source), where.Provider, where.Model, status, failures, attempts,
        Math.Round(100m * failures / attempts, 2, MidpointRounding.AwayFromZero), lastSeen.ToString());

    private static (UsageSource Source, string? Provider, string? Model) Where(UsageLabels labels) => (labels.Source, labels.Provider, labels.Model);

    private static UsageSource Source(string name) =>
        Enum.GetValues<UsageSource>().Cast<UsageSource?>().FirstOrDefault(source => SnakeCase.Of(source!.Value) == name)
        ?? throw new ApiRefusedException(ApiError.ParameterInvalid,
            $"'{Inputs.Shown(name)}' is not a source: it is one of {string.Join(", ", Enum.GetValues<UsageSource>().Select(SnakeCase.Of))}.");

    private static int Hours(string? text)
    {
        if (text is null) return HoursDefault;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var hours) && hours is >= 1 and <= HoursMax
            ? hours
            : throw new ApiRefusedException(
                ApiError.ParameterInvalid, $"'{Inputs.Shown(text)}' is not a number of hours: write a whole number from 1 to {HoursMax}.");
    }
}
