using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Runtime;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Pricing;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Runtime;

/// <summary>App instances and allocations: made known, what happens to them, and what that came to.</summary>
internal static class RuntimeEndpoints
{
    /// <summary>Some ten thousand events.</summary>
    private const int EventsBytesMax = 1024 * 1024;

    private const int EventsMax = 10_000;

    public static void MapRuntimes(this IEndpointRouteBuilder api)
    {
        api.MapPost("/runtimes", RegisterAsync).Allow(Access.Roles(AdminRole.Operator));
        api.MapPost("/runtimes/{id}/events", EventsAsync).Allow(Access.Roles(AdminRole.Operator));
        api.MapPost("/runtimes/{id}/retire", RetireAsync).Allow(Access.Roles(AdminRole.Operator)).Irreversible("tieout.runtime.retire", "runtime", "id");
        api.MapGet("/orgs/{org}/runtimes", ListAsync).Allow(Access.Tenant(KeyScope.ReadUsage).OrEveryRole());
        api.MapGet("/orgs/{org}/runtimes/{id}", ShowAsync).Allow(Access.Tenant(KeyScope.ReadUsage).OrEveryRole());
    }

    private static async Task<IResult> RegisterAsync(HttpContext context, ILedger ledger, CurrentPrices prices, TimeProvider time)
    {
        Inputs.OnlyQuery(context);
        var body = await Inputs.BodyAsync(context, RuntimeJson.Default.NewRuntimeBody);
        Inputs.Org(ledger, body.Org);
        RuntimeInputs.Check(body);
        RuntimeInputs.CheckPrices(RuntimeObjects.Instance(body), prices.Of(body.Org)!, Instant.From(time.GetUtcNow()));
        var outcome = await ledger.ActAsync(RuntimeObjects.Keep(body), AdminCalls.Of(context));
        if (outcome is Outcome.Refused refused) throw new ApiRefusedException(refused.Reason.Error, refused.Reason.Error.Title);
        return Answer.Ok(body, RuntimeJson.Default.NewRuntimeBody);
    }

    private static async Task<IResult> EventsAsync(string id, HttpContext context, ILedger ledger, ServerOptions options, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "org");
        var org = Whose(context, ledger).Org.Id;
        var kept = await KeptAsync(ledger, org, id, context.RequestAborted);
        if (!kept.IsPending)
        {
            throw new ApiRefusedException(
                ApiError.RuntimeRetired, $"'{Inputs.Shown(id)}' was retired at {kept.End!.EndedAt}. Register it again under another id.");
        }

        var runtime = RuntimeObjects.Instance(RuntimeObjects.Body(kept.Object));
        var bytes = await Inputs.BytesAsync(context, EventsBytesMax);
        NewActivityBody? body;
        try
        {
            body = JsonSerializer.Deserialize(bytes.Span, RuntimeJson.Default.NewActivityBody);
        }
        catch (JsonException malformed)
        {
            throw new ApiRefusedException(
                ApiError.BodyMalformed, $"The body is no list of events at '{Inputs.Shown(malformed.Path)}': send an object with the array 'items'.");
        }

        if (body is null) throw new ApiRefusedException(ApiError.BodyMalformed, "The body is null; send an object with the array 'items'.");
        if (body.Items.Count > EventsMax)
        {
            throw new ApiRefusedException(ApiError.TooManyItems, $"Send at most {EventsMax} events in one call. None of its items was recorded.");
        }

        return Answer.Ok(await TakeAsync(ledger, runtime, body.Items, Instant.From(time.GetUtcNow()), options.Runtime.Lateness, AdminCalls.Of(context)),
            RuntimeJson.Default.ActivityTakenBody);
    }

    private static async Task<ActivityTakenBody> TakeAsync(
        ILedger ledger, RuntimeInstance runtime, IReadOnlyList<ActivityBody> items, Instant now, TimeSpan lateness, AdminCall call)
    {
        var commands = new List<Command>(items.Count);
        var answers = new ActivityOutcomeBody?[items.Count];
        for (var i = 0; i < items.Count; i++)
        {
            try
            {
                var happened = RuntimeInputs.Event(runtime, items[i], now);
                var isTooLate = happened.At < now - lateness;

                // One that is known already is a replay, however late.
                if (isTooLate
                    && await ledger.Read.ObjectAsync(
                        runtime.Org, ObjectKind.RuntimeEvent, RuntimeObjects.EventId(runtime.Id, happened.Id), call.CancellationToken) is null)
                {
                    throw new ApiRefusedException(ApiError.ActivityTooLate,
                        $"The event happened more than {lateness.Days} {(lateness.Days == 1 ? "day" : "days")} ago. Correct the charges instead.");
                }

                commands.Add(RuntimeObjects.Keep(runtime.Org, runtime.Id, happened));
            }
            catch (ApiRefusedException refused)
            {
                answers[i] = new(i, Inputs.Shown(items[i].Id), "refused", refused.Error.Code, refused.Detail);
            }
        }

        // The record of the call goes first, in the same commit.
        commands.Insert(0,
            AdminActions.Audited(
                ledger, new Command.RecordAudit(runtime.Org, "done"), call, after: new() { ["runtime"] = runtime.Id, ["events"] = items.Count }));
        var outcomes = await ledger.SubmitAsync(commands, call.CancellationToken);
        call.MarkRecorded("The first command is the record.");
        for (var (i, next) = (0, 1); i < items.Count; i++)
        {
            answers[i] ??= outcomes[next++] switch
            {
                Outcome.Done => new(i, items[i].Id, "accepted", null, null),
                Outcome.Replayed => new(i, items[i].Id, "replayed", null, null),
                Outcome.Refused { Reason: Refusal.IdReused, Limit: var field } => new(
                    i, items[i].Id, "conflict", ApiError.IdReused.Code,
                    $"This id was recorded before with another content of the field '{field}'. The record was not changed."),
                Outcome.Refused other => new(i, items[i].Id, "refused", other.Reason.Error.Code, other.Reason.Error.Title),
                var unknown => throw new InvalidOperationException($"No answer for {unknown}."),
            };
        }

        return new(Count("accepted"), Count("replayed"), Count("conflict"), Count("refused"), [.. answers.Where(answer => answer!.Status != "accepted")!]);

        int Count(string status) => answers.Count(answer => answer!.Status == status);
    }

    private static async Task<IResult> ListAsync(string org, HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "limit", "cursor");
        var asOf = ledger.Read.AsOf;
        Inputs.Org(ledger, org);
        var limit = Inputs.Limit(context);
        var before = Inputs.Cursor(context) is > 0 and var cursor ? cursor : long.MaxValue;
        var page = await ledger.Read.ObjectsAsync(org, ObjectKind.Runtime, before, limit + 1, context.RequestAborted);
        var next = page.Count > limit ? page[limit - 1].Row.Seq.ToString(CultureInfo.InvariantCulture) : null;
        return Answer.Ok(new RuntimeListBody(org, [.. page.Take(limit).Select(kept => RuntimeObjects.Body(kept.Object))],
            [.. page.Take(limit).Select(Retired).OfType<RetiredRuntimeBody>()], next, asOf), RuntimeJson.Default.RuntimeListBody);
    }

    private static RetiredRuntimeBody? Retired(KeptObject kept) =>
        kept.End is { } end
            ? new(kept.Object.Id, end.EndedAt.ToString(), JsonSerializer.Deserialize(end.Body, RuntimeJson.Default.KeptRetirement)!.SilentSince) : null;

    private static async Task<IResult> ShowAsync(string org, string id, HttpContext context, ILedger ledger, ServerOptions options, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "from", "to");
        var state = Inputs.Org(ledger, org);
        var body = await FindAsync(ledger, org, id, context.RequestAborted);
        var from = Inputs.Query(context, "from") is { } start ? Inputs.Time(start, state.Zone) : (Instant?)null;
        var to = Inputs.Query(context, "to") is { } end ? Inputs.Time(end, state.Zone) : Instant.From(time.GetUtcNow());
        return Answer.Ok(await RuntimeStanding.OfAsync(
            ledger.Read, state, body, from, to, Instant.From(time.GetUtcNow()), options.Runtime.Grid, context.RequestAborted), RuntimeJson.Default.RuntimeBody);
    }

    /// <summary>Nothing more happens to it, so it is followed no longer: a start of the meter reads what happened since the oldest that is followed was
    /// registered.</summary>
    private static async Task<IResult> RetireAsync(string id, HttpContext context, ILedger ledger, ServerOptions options, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "org");
        var (org, now) = (Whose(context, ledger), Instant.From(time.GetUtcNow()));
        var kept = await KeptAsync(ledger, org.Org.Id, id, context.RequestAborted);
        var standing = await RuntimeStanding.OfAsync(
            ledger.Read, org, RuntimeObjects.Body(kept.Object), from: null, now + TimeSpan.FromDays(1), now, options.Runtime.Grid, context.RequestAborted);
        if (kept.IsPending)
        {
            if (standing.ActiveSince is not null)
            {
                throw new ApiRefusedException(ApiError.RuntimeActive, $"It has been running since {standing.ActiveSince}. Stop it first.");
            }

            if (standing.UnbilledSeconds > 0)
            {
                throw new ApiRefusedException(ApiError.RuntimeActive, $"{standing.UnbilledSeconds} seconds are not charged yet. Try again in some minutes.");
            }

            await RefuseIfNotDueAsync(ledger.Read, org.Org.Id, id, RuntimeMeter.DueAt(now, options.Runtime.Grid), context.RequestAborted);
            (await ledger.ActAsync(new Command.EndObject(org.Org.Id, ObjectKind.Runtime, id, "{}"), AdminCalls.Of(context))).OrThrow();
        }

        return Answer.Ok(standing, RuntimeJson.Default.RuntimeBody);
    }

    /// <exception cref="ApiRefusedException">Something happened that no due interval has yet, so what is charged says nothing about it.</exception>
    private static async Task RefuseIfNotDueAsync(IObjectsReader read, string org, string id, long due, CancellationToken cancellationToken)
    {
        foreach (var kept in await RuntimeObjects.NewerAsync(read, org, ObjectKind.RuntimeEvent, 0, cancellationToken))
        {
            var (runtime, happened) = RuntimeObjects.Event(kept.Object);
            if (runtime == id && happened.Second >= due)
            {
                throw new ApiRefusedException(ApiError.RuntimeActive, $"The event at {happened.At} is not charged yet. Try again in some minutes.");
            }
        }
    }

    private static OrgState Whose(HttpContext context, ILedger ledger) =>
        Inputs.Org(ledger,
            Inputs.Query(context, "org") ?? throw new ApiRefusedException(ApiError.ParameterInvalid, "The parameter org is required: add ?org=NAME."));

    private static async Task<NewRuntimeBody> FindAsync(ILedger ledger, string org, string id, CancellationToken cancellationToken) =>
        RuntimeObjects.Body((await KeptAsync(ledger, org, id, cancellationToken)).Object);

    private static async Task<KeptObject> KeptAsync(ILedger ledger, string org, string id, CancellationToken cancellationToken) =>
        await ledger.Read.ObjectAsync(org, ObjectKind.Runtime, id, cancellationToken)
            ?? throw new ApiRefusedException(ApiError.RuntimeNotFound, $"The org '{org}' has no app instance or allocation '{Inputs.Shown(id)}'.");
}
