using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Server.Tenancy;

namespace Tieout.Cli.Commands;

/// <summary><c>token create|list|revoke</c>, and <c>audit</c></summary>
internal static class TokenCommands
{
    public static Command Build(Globals globals) =>
        new("token", "Tokens of the platform's own people, each with a role.") { Create(globals), List(globals), Revoke(globals) };

    public static Command Audit(Globals globals)
    {
        var org = new Option<string?>("--org") { Description = "List only actions on this org.", HelpName = "ORG" };
        var actor = new Option<string?>("--actor") { Description = "List only actions of this token.", HelpName = "TOKEN" };
        var limit = new Option<int>("--limit") { Description = "The number of rows, newest first.", DefaultValueFactory = _ => 100 };
        var cursor = new Option<string?>("--cursor") { Description = "Continue after the previous page.", HelpName = "ID" };
        var from = new Option<string?>("--from") { Description = "List only actions at or after this day or time, UTC.", HelpName = "TIME" };
        var to = new Option<string?>("--to") { Description = "List only actions before this day or time, UTC.", HelpName = "TIME" };
        return globals.Calling(
            new("audit", "List administrative actions, newest first.") { org, actor, from, to, limit, cursor }, async (call, api, cancellationToken) =>
        {
            var path = ApiClient.Path(["audit"], ("org", call.Get(org)), ("actor", call.Get(actor)), ("from", call.Get(from)), ("to", call.Get(to)),
                ("limit", $"{call.Get(limit)}"), ("cursor", call.Get(cursor)));
            var answer = await api.GetAsync(path, ApiClient.Json.AuditPageBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.AuditPageBody, async (page, text) =>
            {
                var table = new TextTable("AT", "WHO", "ROLE", "ADDRESS", "ACTION", "TARGET", "OUTCOME", "CORRELATION");
                foreach (var record in page.Items)
                {
                    table.Add(record.At, record.Actor, record.Role, record.Address, record.Action, record.Target, record.Outcome, record.CorrelationId);
                }

                await table.WriteAsync(text);
                if (page.NextCursor is { } next) await text.WriteLineAsync($"More with --cursor {next}");
            });
            return ExitCode.Ok;
        });
    }

    private static Command Create(Globals globals)
    {
        var role = new Option<string>(
            "--role")
        { Description = "viewer reads; operator: orgs, keys, budgets, prices; finance: money and invoices; admin: everything.", Required = true };
        role.AcceptOnlyFromAmong("viewer", "operator", "finance", "admin");
        var name = new Option<string?>(
            "--name")
        { Description = "The person who holds it. Tokens with the same name count as one person where a second person is needed." };
        var expires = new Option<string?>("--expires-at") { Description = "A day or a time to come, UTC. Default: never.", HelpName = "TIME" };
        return globals.Calling(new("create", "Create a token. It is shown only once.") { role, name, expires }, async (call, api, cancellationToken) =>
        {
            var made = await api.SendAsync(
                HttpMethod.Post, "tokens", new NewTokenBody(call.Get(role), call.Get(name), call.Get(expires)), ApiClient.Json.NewTokenBody,
                ApiClient.Json.MadeTokenBody, cancellationToken);
            await call.AnswerAsync(made, ApiClient.Json.MadeTokenBody,
                (answer, text) => text.WriteLineAsync(
                    $"{answer.Id}\n{answer.Token}\nThe second line is the token. It is not stored and cannot be shown again."));
            return ExitCode.Ok;
        });
    }

    private static Command List(Globals globals) =>
        globals.Calling(new("list", "List all tokens, without their secrets."), async (call, api, cancellationToken) =>
    {
        var answer = await api.GetAsync("tokens", ApiClient.Json.TokenListBody, cancellationToken);
        await call.AnswerAsync(answer, ApiClient.Json.TokenListBody, (list, text) =>
        {
            var table = new TextTable("TOKEN", "ROLE", "NAME", "STATE", "CREATED", "EXPIRES");
            foreach (var token in list.Items)
            {
                table.Add(token.Id, token.Role, token.Name, token.Revoked ? "revoked" : "in use", $"{token.CreatedAt:u}",
                    token.ExpiresAt is { } end ? $"{end:u}" : "never");
            }

            return table.WriteAsync(text);
        });
        return ExitCode.Ok;
    });

    private static Command Revoke(Globals globals)
    {
        var token = new Argument<string>("TOKEN") { Description = "Its id, not its secret." };
        return globals.Calling(new("revoke", "Refuse a token from now on.") { token }, async (call, api, cancellationToken) =>
        {
            var answer = await api.PostAsync(ApiClient.Path(["tokens", call.Get(token), "revoke"]), null, ApiClient.Json.TokenBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.TokenBody, (body, text) => text.WriteLineAsync($"{body.Id} is revoked."));
            return ExitCode.Ok;
        });
    }
}
