using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Reconciliation;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Incidents;

/// <summary>Incidents over HTTP: for the platform only.</summary>
internal static class IncidentEndpoints
{
    private const int TitleMax = 200;
    private const int TextMax = 4_000;
    private const int FindingsMax = 100;

    public static void MapIncidents(this IEndpointRouteBuilder api)
    {
        api.MapGet("/incidents", (HttpContext context, IncidentBook incidents, ILedger ledger) => ListAsync(context, incidents, ledger)).Allow(
            Access.EveryRole);
        api.MapPost("/incidents", OpenAsync).Allow(Access.Roles(AdminRole.Operator, AdminRole.Finance));
        api.MapGet("/incidents/suggestion", SuggestAsync).Allow(Access.EveryRole);
        api.MapGet("/incidents/{id}",
            async (string id, IncidentBook incidents,
                HttpContext context) => Answer.Ok(await incidents.BodyAsync(id, context.RequestAborted), IncidentJson.Default.IncidentBody)).Allow(
                    Access.EveryRole);
        api.MapPost("/incidents/{id}/notes", NoteAsync).Allow(Access.Roles(AdminRole.Operator, AdminRole.Finance));
        api.MapPost("/incidents/{id}/evidence", CaptureAsync).Allow(Access.Roles(AdminRole.Operator, AdminRole.Finance));
        api.MapPost("/incidents/{id}/follow-up", FollowUpAsync).Allow(Access.Roles(AdminRole.Operator, AdminRole.Finance));
        api.MapPost("/incidents/{id}/close", CloseAsync).Allow(Access.Roles(AdminRole.Operator, AdminRole.Finance));
        api.MapGet("/incidents/{id}/export", ExportAsync).Allow(Access.EveryRole);
    }

    private static async Task<IResult> ExportAsync(string id, IncidentBook incidents, ILedger ledger, TimeProvider time, HttpContext context)
    {
        var body = await incidents.BodyAsync(id, context.RequestAborted);
        await ledger.RecordActionAsync(AdminCalls.Of(context), "");
        return TypedResults.File(IncidentExport.Zip(body, time.GetUtcNow()), "application/zip", $"{id}.zip");
    }

    private static async Task<IResult> ListAsync(HttpContext context, IncidentBook incidents, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "status");
        var (asOf, status) = (ledger.Read.AsOf, Inputs.Query(context, "status"));
        if (status is not (null or Incident.Open or Incident.Closed)) throw Refused("status must be open or closed.");
        return Answer.Ok(new IncidentListBody([.. (await incidents.AllAsync(context.RequestAborted)).Where(
            incident => status is null || incident.Status == status)], asOf), IncidentJson.Default.IncidentListBody);
    }

    private static async Task<IResult> SuggestAsync(HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "org", "from");
        var org = Inputs.Query(context, "org") is { } named ? Inputs.Org(ledger, named) : null;
        var from = Inputs.Query(context, "from") is { } text ? Inputs.Time(text, org?.Zone ?? TimeZoneInfo.Utc) : DayAgo(time);
        return Answer.Ok(await ScopeSuggestion.OfAsync(ledger, org?.Org.Id, from, context.RequestAborted), IncidentJson.Default.ScopeSuggestionBody);
    }

    private static async Task<IResult> OpenAsync(HttpContext context, IncidentBook incidents, ILedger ledger, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, IncidentJson.Default.OpenIncidentBody);
        var title = Text(body.Title, "title", TitleMax);
        var org = body.Org is { } named ? Inputs.Org(ledger, named) : null;
        var from = body.From is { } text ? Inputs.Time(text, org?.Zone ?? TimeZoneInfo.Utc) : DayAgo(time);
        if (body.Scope is null)
        {
            var suggested = await ScopeSuggestion.OfAsync(ledger, org?.Org.Id, from, context.RequestAborted);
            throw Refused(
                $"scope is required, one of {string.Join(", ", IncidentWords.Scopes)}. Findings suggest {new IncidentScope(suggested.Scope, suggested.Org, suggested.Project, suggested.AppInstance)}: {suggested.Reason}.");
        }

        var scope = Scope(body, org is not null);
        var findings = body.Findings ?? [];
        if (findings.Count > FindingsMax) throw Refused($"At most {FindingsMax} findings.");
        foreach (var finding in findings) Inputs.Name(finding, "finding");
        var incident = await incidents.OpenAsync(title, scope, from, findings, AdminCalls.Of(context));
        return Answer.Made(isNew: true, incident, IncidentJson.Default.Incident);
    }

    private static IncidentScope Scope(OpenIncidentBody body, bool hasOrg)
    {
        if (!IncidentWords.Scopes.Contains(body.Scope)) throw Refused($"The scope is one of {string.Join(", ", IncidentWords.Scopes)}.");
        if (body.Scope != "broad" && !hasOrg) throw Refused($"org is required for the scope {body.Scope}.");
        if (body.Scope == "project" != body.Project is not null && body.Scope != "instance")
        {
            throw Refused("Send a project if the scope is project, and only then.");
        }

        if (body.Scope == "instance" != body.AppInstance is not null) throw Refused("Send an app_instance if the scope is instance, and only then.");
        return new(body.Scope!, body.Org, body.Project is null ? null : Inputs.Name(body.Project, "project"),
            body.AppInstance is null ? null : Inputs.Name(body.AppInstance, "app_instance"));
    }

    private static async Task<IResult> NoteAsync(string id, HttpContext context, IncidentBook incidents, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, IncidentJson.Default.NoteIncidentBody);
        foreach (var (named, what) in new[] { (body.CorrelationId, "correlation_id"), (body.TraceId, "trace_id"), (body.Finding, "finding") })
        {
            if (named is not null) Text(named, what, TitleMax);
        }

        var note = new IncidentNote(
            id, Instant.From(time.GetUtcNow()).ToString(), Caller.Of(context).TokenId, Text(body.Text, "text", TextMax),
            body.CorrelationId ?? Correlation.Of(context).CorrelationId, body.TraceId, body.Finding);
        await incidents.NoteAsync(id, note, AdminCalls.Of(context));
        return Answer.Made(isNew: true, note, IncidentJson.Default.IncidentNote);
    }

    private static async Task<IResult> CaptureAsync(string id, HttpContext context, IncidentBook incidents, EvidenceCapture capture, ILedger ledger)
    {
        var body = await Inputs.BodyAsync(context, IncidentJson.Default.CaptureBody);
        var (incident, org) = (await incidents.FindAsync(id, context.RequestAborted), Inputs.Org(ledger, body.Org));
        if (body.Id is null == body.AppInstance is null) throw Refused("Send either an id or an app_instance.");
        if (!incident.Scope.Covers(org.Org.Id, incident.Scope.Project, incident.Scope.AppInstance)) throw Refused($"{org.Org.Id} is not in the scope of {id}.");
        var scope = new EvidenceScope(org.Org.Id, body.Id is null ? null : Text(body.Id, "id", TitleMax),
            AppInstance: body.AppInstance is null ? null : Inputs.Name(body.AppInstance, "app_instance"));
        var evidence = await capture.NowAsync(scope, AdminCalls.Of(context));
        return Answer.Made(isNew: true, evidence, EvidenceJson.Default.Evidence);
    }

    private static async Task<IResult> CloseAsync(string id, HttpContext context, IncidentBook incidents)
    {
        var body = await Inputs.BodyAsync(context, IncidentJson.Default.CloseIncidentBody);
        if (!IncidentWords.Causes.Contains(body.Cause)) throw Refused($"The cause is one of {string.Join(", ", IncidentWords.Causes)}.");
        if (!IncidentWords.Layers.Contains(body.Layer)) throw Refused($"The owning layer is one of {string.Join(", ", IncidentWords.Layers)}.");
        var closed = await incidents.CloseAsync(id, body.Cause, body.Layer, Text(body.FollowUp, "follow_up", TextMax), AdminCalls.Of(context));
        return Answer.Ok(closed, IncidentJson.Default.Incident);
    }

    /// <summary>Sets another day on which the outbox reminds of the follow-up of a spike, also after it reminded.</summary>
    private static async Task<IResult> FollowUpAsync(string id, HttpContext context, IncidentBook incidents, ILedger ledger)
    {
        var body = await Inputs.BodyAsync(context, IncidentJson.Default.FollowUpBody);
        if (!DateOnly.TryParseExact(body.On, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
        {
            throw Refused($"'{Inputs.Shown(body.On)}' is not a day: write YYYY-MM-DD, such as 2026-12-07.");
        }

        await incidents.FindAsync(id, context.RequestAborted);
        if (await incidents.FindSpikeAsync(id, context.RequestAborted) is not var (spike, seq)) throw Refused($"{id} is not the incident of a cost spike.");
        var changed = spike with { FollowUpOn = body.On, RemindedAt = null };
        (await ledger.ActAsync(IncidentBook.Change(changed, seq), AdminCalls.Of(context))).OrThrow();
        return Answer.Ok(changed, IncidentJson.Default.SpikeIncident);
    }

    private static Instant DayAgo(TimeProvider time) => Instant.From(time.GetUtcNow()) - TimeSpan.FromDays(1);

    private static string Text(string? text, string what, int max) =>
        text is not null && text.Trim().Length > 0 && text.Length <= max && !text.Any(c => char.IsControl(c) && c is not ('\n' or '\t'))
        ? text.Trim()
        : throw Refused($"The {what} must have from 1 to {max} characters, none of them for control.");

    private static ApiRefusedException Refused(string why) => new(ApiError.ParameterInvalid, why);
}
