using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Server.Tenancy;

namespace Tieout.Cli.Commands;

/// <summary><c>team create|list</c> and <c>project create|list</c></summary>
internal static class UnitCommands
{
    public static Command Team(Globals globals) => Build(globals, "team", "teams", "Teams: a key's spend counts for its team.");

    public static Command Project(Globals globals) => Build(globals, "project", "projects", "Manage projects: the purpose of spend.");

    private static Command Build(Globals globals, string unit, string path, string description) =>
        new(unit, description) { Create(globals, unit, path), List(globals, unit, path) };

    private static Command Create(Globals globals, string unit, string path)
    {
        var org = Arguments.Org();
        var name = new Argument<string>(unit.ToUpperInvariant());
        return globals.Calling(new("create", $"Create a {unit}.") { org, name }, async (call, api, cancellationToken) =>
        {
            var made = await api.SendAsync(
                HttpMethod.Post, ApiClient.Path(["orgs", call.Get(org), path]), new NewUnitBody(call.Get(name)), ApiClient.Json.NewUnitBody,
                ApiClient.Json.UnitBody, cancellationToken);
            await call.AnswerAsync(made, ApiClient.Json.UnitBody, (answer, text) => text.WriteLineAsync($"Org {answer.Org} has the {unit} {answer.Name}."));
            return ExitCode.Ok;
        });
    }

    private static Command List(Globals globals, string unit, string path)
    {
        var org = Arguments.Org();
        return globals.Calling(new("list", $"List the {unit}s of an org.") { org }, async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(ApiClient.Path(["orgs", call.Get(org), path]), ApiClient.Json.UnitListBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.UnitListBody, (list, text) =>
            {
                var table = new TextTable(unit.ToUpperInvariant(), "CREATED");
                foreach (var item in list.Items) table.Add(item.Name, item.CreatedAt.ToString("u"));
                return table.WriteAsync(text);
            });
            return ExitCode.Ok;
        });
    }
}
