using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;
using Tieout.Server.Attribution.Contracts;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Ingest;

/// <param name="Items">By the id of the usage record.</param>
/// <param name="NextCursor">Pass it on as <c>cursor</c> for the next page; null: this is the last.</param>
public sealed record QuarantinedEventListBody(IReadOnlyList<QuarantinedEvent> Items, string? NextCursor, long AsOf);

/// <param name="Set">Labels and ids by name, such as <c>team</c>. Counts, times and amounts stay what was sent.</param>
public sealed record RepairEventBody(IReadOnlyDictionary<string, string> Set, string Reason);

/// <param name="Incomplete">Charge it though it still breaks a contract.</param>
public sealed record ReleaseEventBody(string Reason, bool Incomplete = false);

/// <summary>Usage that broke a contract: listed, repaired, released. It is charged when it is released, once, and never dropped.</summary>
internal static class QuarantinedEvents
{
    private static readonly string[] Repairable =
    [
        "project", "team", "feature", "user", "trigger", "operation_id", "workflow_id", "correlation_id", "trace_id", "app_instance_id", "runtime_component",
        "operating_mode", "control_plane_scope", "runtime_backend",
    ];

    public static void MapQuarantinedEvents(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/quarantined-events", List).Allow(Access.EveryRole);
        api.MapPost("/orgs/{org}/quarantined-events/{usage}/repair", Repair).Allow(Access.Roles(AdminRole.Operator));
        api.MapPost("/orgs/{org}/quarantined-events/{usage}/release", Release).Allow(Access.Roles(AdminRole.Operator));
    }

    private static async Task<IResult> List(string org, HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "state", "limit", "cursor");
        var (asOf, limit, id) = (ledger.Read.AsOf, Inputs.Limit(context), Inputs.Org(ledger, org).Org.Id);
        var state = Inputs.Query(context, "state") ?? QuarantinedEvent.Waiting;
        if (state is not (QuarantinedEvent.Waiting or QuarantinedEvent.Released or QuarantinedEvent.Superseded or "all"))
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, $"'{Inputs.Shown(state)}' is no state: it is waiting, released, superseded or all.");
        }

        RecordKey? after = Inputs.Query(context, "cursor") is { } cursor ? new(RecordKind.QuarantinedEvent, id, cursor) : null;
        var rows = await ledger.Read.RecordsAsync(RecordKind.QuarantinedEvent, id, after, limit + 1, context.RequestAborted);
        var items = rows.Take(limit).Select(row => QuarantinedEvent.Parse(row.Body)).Where(item => state == "all" || item.State == state);
        return Answer.Ok(
            new QuarantinedEventListBody([.. items], rows.Count > limit ? rows[limit - 1].Name : null, asOf), QuarantineJson.Default.QuarantinedEventListBody);
    }

    private static async Task<IResult> Repair(string org, string usage, HttpContext context, ILedger ledger, Intake intake, CurrentContracts contracts)
    {
        var body = await Inputs.BodyAsync(context, QuarantineJson.Default.RepairEventBody);
        var (row, standing) = await FindAsync(ledger, org, usage, context.RequestAborted);
        if (body.Set.Count == 0) throw new ApiRefusedException(ApiError.QuarantinedEventInvalid, "Set at least one label or id.");
        var item = JsonObject.Create(standing.Item)!;
        foreach (var (name, value) in body.Set)
        {
            if (!Repairable.Contains(name))
            {
                throw new ApiRefusedException(
                    ApiError.QuarantinedEventInvalid, $"'{Inputs.Shown(name)}' cannot be repaired: set one of {string.Join(", ", Repairable)}.");
            }

            item[name] = value;
        }

        var call = AdminCalls.Of(context);
        var repaired = standing with
        {
            Item = JsonSerializer.SerializeToElement(item, QuarantineJson.Default.JsonObject),
            ChangedBy = call.Actor.Id,
            Reason = Inputs.Reason(body.Reason),
        };
        var record = Read(repaired, intake, Caller.Of(context));
        repaired = repaired.Because(contracts.Quarantining(record)?.Breaches ?? []);
        await StoreAsync(ledger, call, repaired, row);
        return Answer.Ok(repaired, QuarantineJson.Default.QuarantinedEvent);
    }

    private static async Task<IResult> Release(string org, string usage, HttpContext context, ILedger ledger, Intake intake, CurrentContracts contracts)
    {
        var body = await Inputs.BodyAsync(context, QuarantineJson.Default.ReleaseEventBody);
        var (row, standing) = await FindAsync(ledger, org, usage, context.RequestAborted);
        var (call, caller) = (AdminCalls.Of(context), Caller.Of(context));
        var broken = contracts.Quarantining(Read(standing, intake, caller));
        if (broken is { } still && !body.Incomplete)
        {
            throw new ApiRefusedException(
                ApiError.ContractViolated, $"It still breaks the contract '{still.Contract.Name}': {ContractWords.Said(still.Breaches)}. Repair it, or say incomplete.");
        }

        // Charged first: if the server ends between the two, releasing it again is a replay.
        var item = standing.ToItem();
        var outcome = (await intake.TakeAsync([item], caller, envelope: null, context.RequestAborted, new IngestAudit(ledger, call)))[0];
        var isSuperseded = outcome.Status is ItemStatus.Conflict;
        if (!isSuperseded && outcome.Why is { } why) throw new ApiRefusedException(why.Error, why.Detail);
        var state = isSuperseded ? QuarantinedEvent.Superseded : QuarantinedEvent.Released;
        var released = standing with { State = state, ChangedBy = call.Actor.Id, Reason = Inputs.Reason(body.Reason) };
        await StoreAsync(ledger, call, released, row);
        return Answer.Ok(released, QuarantineJson.Default.QuarantinedEvent);
    }

    private static async Task StoreAsync(ILedger ledger, AdminCall call, QuarantinedEvent next, RecordRow read)
    {
        var outcome = await ledger.ActAsync(next.Record(read.Seq), call);
        if (outcome is Outcome.Refused { Reason: Refusal.RecordChanged })
        {
            throw new ApiRefusedException(ApiError.QuarantinedEventState, "Somebody changed the event in the meantime. Look at it again.");
        }

        outcome.OrThrow();
    }

    /// <summary>The usage record that it would be now.</summary>
    private static UsageRecord Read(QuarantinedEvent aside, Intake intake, Caller caller)
    {
        var item = aside.ToItem();
        return intake.Priced(item, caller) is { } priced
            ? priced.Usage : throw new ApiRefusedException(ApiError.QuarantinedEventInvalid, item.Refusal!.Detail);
    }

    private static async Task<(RecordRow Row, QuarantinedEvent Event)> FindAsync(
        ILedger ledger, string org, string usage, CancellationToken cancellationToken)
    {
        var id = Inputs.Org(ledger, org).Org.Id;
        var row = Guid.TryParseExact(usage, "D", out var guid)
            ? await ledger.Read.RecordAsync(QuarantinedEvent.KeyOf(id, new(guid)), cancellationToken) : null;
        if (row is null)
        {
            throw new ApiRefusedException(ApiError.QuarantinedEventNotFound, $"No event of {id} with the usage id '{Inputs.Shown(usage)}' was put aside.");
        }

        var standing = QuarantinedEvent.Parse(row.Body);
        return standing.State == QuarantinedEvent.Waiting
            ? (row, standing) : throw new ApiRefusedException(ApiError.QuarantinedEventState, $"The event {usage} is {standing.State}, so its usage is charged.");
    }
}
