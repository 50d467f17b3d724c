using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Attribution.Contracts;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Attribution.Contracts;

/// <param name="Items">Newest first.</param>
/// <param name="Looked">Usage records that were looked at for this page.</param>
/// <param name="NextCursor">Pass it on as <c>cursor</c> to look further back; null: the whole range was looked at.</param>
public sealed record IncompleteListBody(
    string Contract, string Version, string Org, IReadOnlyList<IncompleteBody> Items, int Looked, string? NextCursor, long AsOf);

/// <param name="Source">Where the usage was measured.</param>
/// <param name="Lacks">What it lacks, as the contract says it.</param>
/// <param name="WrongForm">Keys whose value has another form than the contract says.</param>
public sealed record IncompleteBody(
    string UsageId, string OccurredAt, string Source, string? Team, string? Key, string? Feature, string? Model, string OperationId, Amount Charge,
    IReadOnlyList<string> Lacks, IReadOnlyList<string> WrongForm);

/// <summary><c>GET /contracts/{contract}/incomplete</c>: which usage of an org breaks a contract.</summary>
internal static class IncompleteRows
{
    /// <summary>Rows that one call looks at, so that a range in which all is complete costs a bounded time.</summary>
    private const int LookMax = 20_000;

    private const int PageRows = 1_000;

    public static void MapIncomplete(this IEndpointRouteBuilder api) => api.MapGet("/contracts/{contract}/incomplete", Read).Allow(Access.EveryRole);

    private static async Task<IResult> Read(string contract, HttpContext context, ILedger ledger, CurrentContracts contracts, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "org", "from", "to", "limit", "cursor");
        var standing = ContractEndpoints.Standing(contracts, contract).Contract;
        var org = Inputs.Org(ledger, Inputs.Query(context, "org") ?? throw Refused("org is required: the rows are listed org by org."));
        var month = Month.Of(Instant.From(time.GetUtcNow()), org.Zone);
        var from = Inputs.Time(Inputs.Query(context, "from") ?? $"{month}-01", org.Zone);
        var to = Inputs.Time(Inputs.Query(context, "to") ?? $"{month.Next}-01", org.Zone);
        if (from >= to) throw Refused("The range is empty: 'to' must be later than 'from'.");
        var (asOf, limit, filter) = (ledger.Read.AsOf, Inputs.Limit(context), new UsageFilter(org.Org.Id, from, to));
        var (place, looked, items, isEnd) = (Cursor(Inputs.Query(context, "cursor")), 0, new List<IncompleteBody>(), false);
        while (items.Count < limit && looked < LookMax && !isEnd)
        {
            var page = await ledger.Read.PageAsync(new(org, filter, OldestFirst: false, place, PageRows), context.RequestAborted);
            isEnd = page.Count < PageRows;
            foreach (var entry in page)
            {
                (place, looked) = (UsagePlace.After(place, entry), looked + 1);
                if (entry.Correction is not null) continue;
                if (ContractBreach.Of(standing, entry.Usage.Usage) is { Count: > 0 } breaches) items.Add(Body(entry.Usage, breaches));
                if (items.Count < limit) continue;
                isEnd = false;
                break;
            }
        }

        return Answer.Ok(
            new IncompleteListBody(standing.Name, standing.Version, org.Org.Id, items, looked, isEnd ? null : place?.ToString(), asOf),
            ContractJson.Default.IncompleteListBody);
    }

    private static IncompleteBody Body(UsageRow row, IReadOnlyList<ContractBreach> breaches)
    {
        var (usage, labels) = (row.Usage, row.Usage.Labels);
        return new(
            usage.Id.ToString(), usage.OccurredAt.ToString(), SnakeCase.Of(labels.Source), labels.Team, labels.Key, labels.Feature, labels.Model,
            usage.OperationId, row.Charge, [.. breaches.Where(breach => breach.Type is null).Select(breach => breach.Requirement)],
            [.. breaches.Where(breach => breach.Type is not null).Select(breach => breach.Requirement)]);
    }

    private static UsagePlace? Cursor(string? text)
    {
        if (text is null) return null;
        return UsagePlace.TryParse(text, out var place) ? place : throw Refused($"'{Inputs.Shown(text)}' is not a cursor of this list. Send the next_cursor of the page before.");
    }

    private static ApiRefusedException Refused(string detail) => new(ApiError.ParameterInvalid, detail);
}
