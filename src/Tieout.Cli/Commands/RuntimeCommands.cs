using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Server.Runtime;

namespace Tieout.Cli.Commands;

/// <summary><c>runtime list|show|register|events|retire</c>.</summary>
internal static class RuntimeCommands
{
    private const string PageRows = "1000";

    public static Command Build(Globals globals) => new("runtime", "App instances and allocations, metered by the second.")
    {
        List(globals), Show(globals), Register(globals), Events(globals), Retire(globals),
    };

    private static Command List(Globals globals)
    {
        var org = new Argument<string>("ORG");
        var command = new Command("list", "List app instances and allocations, newest first.") { org };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var (items, retired) = (new List<NewRuntimeBody>(), new List<RetiredRuntimeBody>());
            RuntimeListBody page;
            string? cursor = null;
            do
            {
                page = await api.GetAsync(ApiClient.Path(["orgs", call.Get(org), "runtimes"], ("limit", PageRows), ("cursor", cursor)),
                    RuntimeJson.Default.RuntimeListBody, cancellationToken);
                items.AddRange(page.Items);
                retired.AddRange(page.Retired);
                cursor = page.NextCursor;
            }
            while (cursor is not null);

            await call.AnswerAsync(page with { Items = items, Retired = retired }, RuntimeJson.Default.RuntimeListBody, (list, text) =>
            {
                var table = new TextTable("ID", "SOURCE", "PROJECT", "MODE", "SCOPE", "BACKEND", "COMPONENTS", "RETIRED");
                var ends = list.Retired.ToDictionary(end => end.Id,
                    end => end.SilentSince is { } silent ? $"{end.At[..19]}, silent since {silent[..19]}" : end.At[..19], StringComparer.Ordinal);
                foreach (var one in list.Items)
                {
                    table.Add(one.Id, one.Source, one.Project, one.OperatingMode, one.ControlPlaneScope, one.RuntimeBackend,
                        string.Join(", ", one.Components.Select(component => $"{component.Replicas} {component.Name}")), ends.GetValueOrDefault(one.Id));
                }

                return table.WriteAsync(text);
            });
            return ExitCode.Ok;
        });
    }

    private static Command Show(Globals globals)
    {
        var (org, id) = (new Argument<string>("ORG"), new Argument<string>("ID"));
        var from = new Option<string?>("--from") { Description = "A day, or a time with its offset. Default: its first event.", HelpName = "TIME" };
        var to = new Option<string?>("--to") { Description = "The end of the range, excluded.", HelpName = "TIME" };
        var command = new Command("show", "Compare an instance's active time with its charged time. Exit code 1: they differ.") { org, id, from, to };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(ApiClient.Path(["orgs", call.Get(org), "runtimes", call.Get(id)], ("from", call.Get(from)), ("to", call.Get(to))),
                RuntimeJson.Default.RuntimeBody, cancellationToken);
            await call.AnswerAsync(answer, RuntimeJson.Default.RuntimeBody, async (body, text) =>
            {
                await text.WriteLineAsync(
                    $"{body.Runtime.Id}  {body.Runtime.Source}  {(body.ActiveSince is { } since ? $"active since {since}" : body.SilentSince is { } silent ? $"silent since {silent}" : "not active")}  {body.Events} events  {body.From} to {body.To}");
                var table = new TextTable("COMPONENT", "CONTROL PLANE", "MODEL", "MODE", ">ACTIVE", ">BILLED", ">UNITS", "UNIT", ">CHARGE");
                foreach (var line in body.Lines)
                {
                    table.Add(line.Component, line.ControlPlane ? "yes" : "no", line.Model, line.OperatingMode, $"{line.ActiveSeconds}",
                        $"{line.BilledSeconds}", $"{line.Units}", line.Unit, line.Charge.ToString());
                }

                await table.WriteAsync(text);
            });
            return answer.UnbilledSeconds == 0 ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static Command Register(Globals globals)
    {
        var file = new Argument<string>("FILE") { Description = "JSON: org, id, source, components ..." };
        var command = new Command("register", "Register an app instance or allocation.") { file };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            await using var stream = InputFile.Open(call.Get(file));
            using var content = Json(stream);
            var answer = await api.PostAsync(ApiClient.Path(["runtimes"]), content, RuntimeJson.Default.NewRuntimeBody, cancellationToken);
            await call.AnswerAsync(answer, RuntimeJson.Default.NewRuntimeBody, (body, text) => text.WriteLineAsync($"{body.Id} of {body.Org} is known."));
            return ExitCode.Ok;
        });
    }

    private static Command Events(Globals globals)
    {
        var (org, id) = (new Argument<string>("ORG"), new Argument<string>("ID"));
        var file = new Argument<string>("FILE") { Description = "JSON: {\"items\":[{\"id\",\"at\",\"type\"} ...]}." };
        var command = new Command("events", "Record events of an instance. Exit code 1: an event does not count.") { org, id, file };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            await using var stream = InputFile.Open(call.Get(file));
            using var content = Json(stream);
            var answer = await api.PostAsync(ApiClient.Path(["runtimes", call.Get(id), "events"], ("org", call.Get(org))), content,
                RuntimeJson.Default.ActivityTakenBody, cancellationToken);
            await call.AnswerAsync(answer, RuntimeJson.Default.ActivityTakenBody, async (body, text) =>
            {
                await text.WriteLineAsync($"{body.Accepted} accepted, {body.Replayed} replayed, {body.Conflicts} conflicts, {body.Refused} refused");
                foreach (var item in body.Items.Where(item => item.Detail is not null))
                {
                    await text.WriteLineAsync($"  {item.Index} {item.Id}: {item.Detail} [{item.Code}]");
                }
            });
            return answer.Conflicts + answer.Refused == 0 ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static Command Retire(Globals globals)
    {
        var (org, id) = (new Argument<string>("ORG"), new Argument<string>("ID"));
        return globals.Calling(new("retire", "Retire a stopped instance that is charged to its end. Tieout no longer meters it.") { org, id },
            async (call, api, cancellationToken) =>
        {
            var answer = await api.PostAsync(
                ApiClient.Path(["runtimes", call.Get(id), "retire"], ("org", call.Get(org))), null, RuntimeJson.Default.RuntimeBody, cancellationToken);
            await call.AnswerAsync(
                answer, RuntimeJson.Default.RuntimeBody, (body, text) => text.WriteLineAsync($"{body.Runtime.Id} of {body.Runtime.Org} is retired."));
            return ExitCode.Ok;
        });
    }

    private static StreamContent Json(Stream stream) => new(stream) { Headers = { ContentType = new("application/json") } };
}
