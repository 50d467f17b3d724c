using System.CommandLine;
using System.IO.Compression;
using System.Text.Json.Serialization.Metadata;
using Tieout.Cli.Output;
using Tieout.Server.Incidents;
using Tieout.Server.Reconciliation;
using Tieout.Storage;

namespace Tieout.Cli.Commands;

/// <summary><c>incident open|note|evidence|show|list|follow-up|close|export</c></summary>
internal static class IncidentCommand
{
    public static Command Build(Globals globals) => new("incident", "Manage incidents: scope, timeline, evidence and impact, stored in the ledger.")
    {
        Open(globals), Note(globals), Capture(globals), Show(globals), List(globals), FollowUp(globals), Close(globals), Export(globals),
    };

    private static Command Open(Globals globals)
    {
        var title = new Option<string>("--title") { Required = true, Description = "One line that says what is wrong." };
        var scope =
            new Option<string?>(
                "--scope")
            { Description = "instance, project, tenant or broad: a person decides. Without it, the command shows what open findings suggest, and opens nothing." };
        scope.AcceptOnlyFromAmong("instance", "project", "tenant", "broad");
        var org = new Option<string?>("--org") { Description = "The tenant.", HelpName = "ORG" };
        var project = new Option<string?>("--project") { Description = "Where the scope is a project." };
        var instance = new Option<string?>("--app-instance") { Description = "Where the scope is an instance.", HelpName = "ID" };
        var from = new Option<string?>("--from") { Description = "The beginning of the incident. Default: a day ago.", HelpName = "TIME" };
        var finding = new Option<string[]>(
            "--finding")
        { Description = "The findings of the incident, by id.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
        var command = new Command("open", "Open an incident.") { title, scope, org, project, instance, from, finding };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var body = new OpenIncidentBody(
                call.Get(title), call.Get(scope), call.Get(org), call.Get(project), call.Get(instance), call.Get(from), call.Get(finding));
            var answer = await PostAsync(api, ["incidents"], body, IncidentJson.Default.OpenIncidentBody, IncidentJson.Default.Incident, cancellationToken);
            await call.AnswerAsync(
                answer, IncidentJson.Default.Incident, (incident, text) => text.WriteLineAsync($"{incident.Id} is open: {incident.Title} ({incident.Scope})."));
            return ExitCode.Ok;
        });
    }

    private static Command Note(Globals globals)
    {
        var (id, words) = (Id(), new Argument<string>("TEXT"));
        var correlation = new Option<string?>("--correlation") { Description = "The correlation id it is about.", HelpName = "ID" };
        var trace = new Option<string?>("--trace") { Description = "The trace id it is about.", HelpName = "ID" };
        var finding = new Option<string?>("--finding") { Description = "The finding it is about.", HelpName = "ID" };
        return globals.Calling(
            new("note", "Add a line to an incident's timeline.") { id, words, correlation, trace, finding }, async (call, api, cancellationToken) =>
        {
            var body = new NoteIncidentBody(call.Get(words), call.Get(correlation), call.Get(trace), call.Get(finding));
            var answer = await PostAsync(
                api, ["incidents", call.Get(id), "notes"], body, IncidentJson.Default.NoteIncidentBody, IncidentJson.Default.IncidentNote, cancellationToken);
            await call.AnswerAsync(answer, IncidentJson.Default.IncidentNote, (note, text) => text.WriteLineAsync($"Noted at {note.At}."));
            return ExitCode.Ok;
        });
    }

    private static Command Capture(Globals globals)
    {
        var id = Id();
        var org = Arguments.Org();
        var of = new Option<string?>("--id") { Description = "A usage record's, operation's or correlation id." };
        var instance = new Option<string?>("--app-instance") { Description = "The newest records of an app instance.", HelpName = "ID" };
        return globals.Calling(new("evidence", "Capture the current rows as evidence. Corrections capture it by themselves.") { id, org, of, instance },
            async (call, api, cancellationToken) =>
        {
            var body = new CaptureBody(call.Get(org), call.Get(of), call.Get(instance));
            var answer = await PostAsync(
                api, ["incidents", call.Get(id), "evidence"], body, IncidentJson.Default.CaptureBody, EvidenceJson.Default.Evidence, cancellationToken);
            await call.AnswerAsync(answer, EvidenceJson.Default.Evidence, (evidence, text) => text.WriteLineAsync(
                $"{evidence.Id}: {evidence.UsageRecords.Count} usage records, {evidence.LedgerEntries.Count} ledger entries{(evidence.Truncated ? "; there are more" : "")}."));
            return ExitCode.Ok;
        });
    }

    private static Command Show(Globals globals)
    {
        var id = Id();
        return globals.Calling(new("show", "Show an incident: timeline, evidence and its effect on customers.") { id }, async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(ApiClient.Path(["incidents", call.Get(id)]), IncidentJson.Default.IncidentBody, cancellationToken);
            await call.AnswerAsync(answer, IncidentJson.Default.IncidentBody, WriteAsync);
            return ExitCode.Ok;
        });
    }

    private static Command List(Globals globals)
    {
        var status = new Option<string?>("--status") { Description = "open or closed." };
        status.AcceptOnlyFromAmong("open", "closed");
        return globals.Calling(new("list", "List incidents, newest first.") { status }, async (call, api, cancellationToken) =>
        {
            var answer =
                await api.GetAsync(ApiClient.Path(["incidents"], ("status", call.Get(status))), IncidentJson.Default.IncidentListBody, cancellationToken);
            await call.AnswerAsync(answer, IncidentJson.Default.IncidentListBody, (list, text) =>
            {
                var table = new TextTable("INCIDENT", "STATUS", "SCOPE", "OPENED", "BY", "LAYER", "TITLE");
                foreach (var incident in list.Items)
                {
                    table.Add(incident.Id, incident.Status, $"{incident.Scope}", incident.OpenedAt[..19] + "Z", incident.OpenedBy, incident.Layer,
                        incident.Title);
                }

                return table.WriteAsync(text);
            });
            return ExitCode.Ok;
        });
    }

    private static Command FollowUp(Globals globals)
    {
        var id = Id();
        var on = new Option<string>("--on") { Required = true, Description = "The day on which the outbox reminds of it, in the org's zone.", HelpName = "YYYY-MM-DD" };
        return globals.Calling(new("follow-up", "Set the follow-up date of the incident of a cost spike.") { id, on }, async (call, api, cancellationToken) =>
        {
            var answer = await PostAsync(
                api, ["incidents", call.Get(id), "follow-up"], new FollowUpBody(call.Get(on)), IncidentJson.Default.FollowUpBody,
                IncidentJson.Default.SpikeIncident, cancellationToken);
            await call.AnswerAsync(answer, IncidentJson.Default.SpikeIncident,
                (spike, text) => text.WriteLineAsync($"The follow-up of {spike.Incident} is on {spike.FollowUpOn}."));
            return ExitCode.Ok;
        });
    }

    private static Command Close(Globals globals)
    {
        var id = Id();
        var cause = new Option<string>("--cause")
        {
            Required = true,
            Description = "missing_usage, wrong_source, wrong_anchor, ledger_mismatch, control_plane_drift, duplicate_charge, mispriced, counter_drift, cost_spike, not_ours or other."
        };
        var layer = new Option<string>("--layer")
        {
            Required = true,
            Description = "Who owns the follow-up: metering_emitter, attribution_mapping, billing_interpretation, listing_export or none."
        };
        var followUp = new Option<string>("--follow-up") { Required = true, Description = "The next step, its owner and its date." };
        return globals.Calling(new("close", "Close an incident.") { id, cause, layer, followUp }, async (call, api, cancellationToken) =>
        {
            var body = new CloseIncidentBody(call.Get(cause), call.Get(layer), call.Get(followUp));
            var answer = await PostAsync(
                api, ["incidents", call.Get(id), "close"], body, IncidentJson.Default.CloseIncidentBody, IncidentJson.Default.Incident, cancellationToken);
            await call.AnswerAsync(answer, IncidentJson.Default.Incident,
                (incident, text) => text.WriteLineAsync($"{incident.Id} is closed: {incident.Cause}; follow-up by {incident.Layer}."));
            return ExitCode.Ok;
        });
    }

    private static Command Export(Globals globals)
    {
        var id = Id();
        var to = new Option<string>(
            "--to")
        { Required = true, Description = "A .zip, or a folder that is empty or does not exist.", HelpName = "FILE.zip|DIR" };
        return globals.Calling(new("export", "Export an incident as JSON, CSV and one page to read.") { id, to }, async (call, api, cancellationToken) =>
        {
            var target = call.Get(to);
            using var zip = new MemoryStream();
            await api.CopyAsync(ApiClient.Path(["incidents", call.Get(id), "export"]), zip, cancellationToken);
            zip.Position = 0;
            try
            {
                if (target.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
                {
                    await using var file = PrivateFiles.Open(target, FileMode.CreateNew, FileAccess.Write);
                    await zip.CopyToAsync(file, cancellationToken);
                }
                else
                {
                    if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
                    {
                        throw new CommandFailedException(ExitCode.Usage, $"{target} is not empty.");
                    }

                    PrivateFiles.CreateFolder(target);
                    await ZipFile.ExtractToDirectoryAsync(zip, target, cancellationToken);
                    PrivateFiles.Close(target);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CommandFailedException(ExitCode.Usage, $"{target} cannot be written: {e.Message}", inner: e);
            }

            await call.Shell.Out.WriteLineAsync(target);
            return ExitCode.Ok;
        });
    }

    private static async Task WriteAsync(IncidentBody body, TextWriter text)
    {
        var incident = body.Incident;
        await text.WriteLineAsync($"{incident.Id} ({incident.Status}): {incident.Title}\nscope      {incident.Scope}, from {incident.From}");
        if (incident.ClosedAt is not null)
        {
            await text.WriteLineAsync(
                $"closed     {incident.ClosedAt} by {incident.ClosedBy}: {incident.Cause}\nfollow-up  {incident.Layer}: {incident.FollowUp}");
        }

        if (body.Spike is { } spike)
        {
            await text.WriteLineAsync(
                $"spike      since {spike.Onset}: {spike.Actual} in place of {spike.Expected}. {spike.Sentence}\nfollow-up  on {spike.FollowUpOn}\nsuggested  {spike.SuggestedRule}");
        }

        await text.WriteLineAsync();
        var impact = new TextTable("TENANT", "PROJECT", "APP INSTANCE", ">ATTEMPTS", ">CHARGED", ">CORRECTED", ">NET", "ASSET");
        foreach (var line in body.Impact)
        {
            impact.Add(line.Org, line.Project, line.AppInstance, $"{line.Attempts}", line.Charged.ToString(), line.Corrected.ToString(), line.Net.ToString(),
                line.Asset);
        }

        await impact.WriteAsync(text);
        await text.WriteLineAsync();
        var timeline = new TextTable("TIME", "STEP", "BY", "CORRELATION", "WHAT");
        foreach (var line in body.Timeline) timeline.Add(line.At, line.Kind, line.By, line.CorrelationId, line.What);
        await timeline.WriteAsync(text);
    }

    private static Argument<string> Id() => new("ID") { Description = "INC-0001." };

    private static Task<TAnswer> PostAsync<TBody, TAnswer>(
        ApiClient api, string[] path, TBody body, JsonTypeInfo<TBody> type, JsonTypeInfo<TAnswer> answer, CancellationToken cancellationToken) =>
        api.SendAsync(HttpMethod.Post, ApiClient.Path(path), body, type, answer, cancellationToken);
}
