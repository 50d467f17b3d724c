using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Server.Api;

namespace Tieout.Cli.Commands;

/// <summary><c>key create|list|block|unblock</c></summary>
internal static class KeyCommands
{
    public static Command Build(Globals globals) => new("key", "Keys: what spends for an org.")
    {
        Create(globals), List(globals), Block(globals, "block", "Refuses a key from now on."), Block(globals, "unblock", "Lets a blocked key spend again."),
    };

    private static Command Create(Globals globals)
    {
        var org = Arguments.Org();
        var team = new Option<string?>("--team") { Description = "Its spend counts for this team." };
        var project = new Option<string?>("--project") { Description = "Its spend counts for this project, whatever a request says." };
        var name = new Option<string?>("--name") { Description = "For people to tell keys apart." };
        return globals.Calling(new("create", "Makes a key. Its secret is shown this once.") { org, team, project, name }, async (call, api, cancellationToken) =>
        {
            var made = await api.SendAsync(
                HttpMethod.Post, ApiClient.Path(["orgs", call.Get(org), "keys"]), new NewKeyBody(call.Get(team), call.Get(project), call.Get(name)),
                ApiClient.Json.NewKeyBody, ApiClient.Json.MadeKeyBody, cancellationToken);
            await call.AnswerAsync(made, ApiClient.Json.MadeKeyBody, (answer, text) => text.WriteLineAsync($"{answer.Id}\n{answer.Key}\nThe second line is the secret. It is not kept and cannot be shown again."));
            return ExitCode.Ok;
        });
    }

    private static Command List(Globals globals)
    {
        var org = Arguments.Org();
        return globals.Calling(new("list", "The keys of an org.") { org }, async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(ApiClient.Path(["orgs", call.Get(org), "keys"]), ApiClient.Json.KeyListBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.KeyListBody, (list, text) =>
            {
                var table = new TextTable("KEY", "TEAM", "PROJECT", "NAME", "STATE", "CREATED");
                foreach (var key in list.Items) table.Add(key.Id, key.Team, key.Project, key.Name, State(key), key.CreatedAt.ToString("u"));
                return table.WriteAsync(text);
            });
            return ExitCode.Ok;
        });
    }

    private static Command Block(Globals globals, string verb, string description)
    {
        var org = Arguments.Org();
        var key = new Argument<string>("KEY") { Description = "Its id, not its secret." };
        return globals.Calling(new(verb, description) { org, key }, async (call, api, cancellationToken) =>
        {
            var answer = await api.PostAsync(ApiClient.Path(["orgs", call.Get(org), "keys", call.Get(key), verb]), null, ApiClient.Json.KeyBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.KeyBody, (body, text) => text.WriteLineAsync($"{body.Id} is {State(body)}."));
            return ExitCode.Ok;
        });
    }

    private static string State(KeyBody key) => key.Blocked ? "blocked" : "in use";
}
