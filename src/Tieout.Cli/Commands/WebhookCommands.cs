using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Cli.Output;
using Tieout.Server.Outbox;

namespace Tieout.Cli.Commands;

/// <summary><c>webhooks add|list|rotate|test|remove</c>; <c>outbox list|dead|replay</c>: <c>dead</c> ends with 1 when there are some.</summary>
internal static class WebhookCommands
{
    private static readonly OutboxJson Json = new(
        new JsonSerializerOptions(OutboxJson.Default.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip });

    public static Command Build(Globals globals) =>
        new("webhooks", "Manage webhooks: endpoints that receive messages.") { Add(globals), List(globals), Rotate(globals), Test(globals), Remove(globals) };

    public static Command Outbox(Globals globals) => new("outbox", "Show deliveries of messages to webhooks.")
    {
        Deliveries(globals, "list", "List deliveries, newest messages first.", state: null), Deliveries(
            globals, "dead", "List failed deliveries that are no longer tried. Exit code 1: there are some.", state: "dead"), Replay(globals),
    };

    private static Command Add(Globals globals)
    {
        var url = new Argument<string>("URL") { Description = "https://..., or mailto:ADDRESS for e-mail." };
        var org = new Option<string?>(
            "--org")
        { Description = "Deliver only messages about this org. Default: the platform's and every org's.", HelpName = "ORG" };
        var types = new Option<string?>("--types") { Description = "Separated by commas, such as invoice.issued,budget.*. Default: all.", HelpName = "TYPES" };
        var id = new Option<string?>("--id") { Description = "The endpoint's id. Default: a new one.", HelpName = "ID" };
        var format = new Option<string?>("--format") { Description = "slack: text and blocks, as Slack and compatible chats take them. Default: Standard Webhooks." };
        format.AcceptOnlyFromAmong(Webhook.Slack);
        return globals.Calling(new("add", "Add an endpoint. Its secret is shown only once.") { url, org, types, id, format }, async (call, api, cancellationToken) =>
        {
            var body = new NewWebhookBody(call.Get(url), call.Get(org),
                call.Get(types)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), call.Get(id),
                call.Get(format));
            var made = await api.SendAsync(HttpMethod.Post, "webhooks", body, Json.NewWebhookBody, Json.MadeWebhookBody, cancellationToken);
            await call.AnswerAsync(made, Json.MadeWebhookBody, WriteAsync);
            return ExitCode.Ok;
        });
    }

    private static Command List(Globals globals) =>
        globals.Calling(new("list", "List all endpoints, without their secrets."), async (call, api, cancellationToken) =>
    {
        var answer = await api.GetAsync("webhooks", Json.WebhookListBody, cancellationToken);
        await call.AnswerAsync(answer, Json.WebhookListBody, (list, text) =>
        {
            var table = new TextTable("WEBHOOK", "ORG", "TYPES", "FORMAT", "URL", "CREATED");
            foreach (var webhook in list.Items)
            {
                table.Add(webhook.Id, webhook.Org ?? "all", webhook.Types.Count == 0 ? "all" : string.Join(',', webhook.Types), webhook.Format,
                    webhook.Url,
                    $"{webhook.CreatedAt:u}");
            }

            return table.WriteAsync(text);
        });
        return ExitCode.Ok;
    });

    private static Command Rotate(Globals globals)
    {
        var id = Id();
        var overlap = new Option<int?>("--overlap-hours") { Description = "Hours for which the old secret signs too. Default: 24.", HelpName = "HOURS" };
        return globals.Calling(new("rotate", "Give an endpoint a new secret, shown only once.") { id, overlap }, async (call, api, cancellationToken) =>
        {
            var path = ApiClient.Path(["webhooks", call.Get(id), "rotate"]);
            var made = await api.SendAsync(
                HttpMethod.Post, path, new RotateWebhookBody(call.Get(overlap)), Json.RotateWebhookBody, Json.MadeWebhookBody, cancellationToken);
            await call.AnswerAsync(made, Json.MadeWebhookBody, WriteAsync);
            return ExitCode.Ok;
        });
    }

    private static Command Test(Globals globals)
    {
        var id = Id();
        return globals.Calling(new("test", "Send an endpoint a message of the type test. Exit code 1: the endpoint did not accept it.") { id },
            async (call, api, cancellationToken) =>
        {
            var answer = await api.PostAsync(ApiClient.Path(["webhooks", call.Get(id), "test"]), null, Json.WebhookTestBody, cancellationToken);
            await call.AnswerAsync(answer, Json.WebhookTestBody, (body, text) => text.WriteLineAsync(
                body.Delivered ? $"{body.Id} took it: {body.Status} in {body.DurationMs} ms" : $"{body.Id} did not take it: {body.Error}"));
            return answer.Delivered ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static Command Remove(Globals globals)
    {
        var id = Id();
        return globals.Calling(new("remove", "Remove an endpoint. Waiting deliveries to it are dropped.") { id }, async (call, api, cancellationToken) =>
        {
            var answer = await api.PostAsync(ApiClient.Path(["webhooks", call.Get(id), "remove"]), null, Json.WebhookBody, cancellationToken);
            await call.AnswerAsync(answer, Json.WebhookBody, (body, text) => text.WriteLineAsync($"{body.Id} is removed."));
            return ExitCode.Ok;
        });
    }

    private static Command Deliveries(Globals globals, string name, string description, string? state)
    {
        var filter = Filter();
        var states = new Option<string?>("--state") { Description = "waiting, delivered, dead or dropped.", HelpName = "STATE" };
        var limit = new Option<int>("--limit") { Description = "The number of rows, newest first.", DefaultValueFactory = _ => 100 };
        var command = new Command(name, description) { filter.Org, filter.Endpoint, filter.Message, limit };
        if (state is null) command.Add(states);
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var path = ApiClient.Path(
                ["outbox"], ("org", call.Get(filter.Org)), ("endpoint", call.Get(filter.Endpoint)), ("message", call.Get(filter.Message)),
                ("state", state ?? call.Get(states)), ("limit", $"{call.Get(limit)}"));
            var answer = await api.GetAsync(path, Json.DeliveryListBody, cancellationToken);
            await call.AnswerAsync(answer, Json.DeliveryListBody, WriteAsync);
            return state is "dead" && answer.Items.Count > 0 ? ExitCode.Findings : ExitCode.Ok;
        });
    }

    private static Command Replay(Globals globals)
    {
        var filter = Filter();
        return globals.Calling(
            new("replay", "Try dead deliveries again.") { filter.Org, filter.Endpoint, filter.Message }, async (call, api, cancellationToken) =>
        {
            var path = ApiClient.Path(
                ["outbox", "replay"], ("org", call.Get(filter.Org)), ("endpoint", call.Get(filter.Endpoint)), ("message", call.Get(filter.Message)));
            var answer = await api.PostAsync(path, null, Json.ReplayedBody, cancellationToken);
            await call.AnswerAsync(answer, Json.ReplayedBody, (body, text) => text.WriteLineAsync($"{body.Replayed} are tried again."));
            return ExitCode.Ok;
        });
    }

    private static Task WriteAsync(MadeWebhookBody made, TextWriter text) =>
        text.WriteLineAsync($"{made.Id}\n{made.Secret}\nThe second line is the secret. It is not stored and cannot be shown again.");

    private static async Task WriteAsync(DeliveryListBody list, TextWriter text)
    {
        var table = new TextTable("RECORDED", "ENDPOINT", "ORG", "MESSAGE", "TYPE", "STATE", "ATTEMPTS", "LAST", "ANSWER");
        foreach (var delivery in list.Items)
        {
            table.Add(
                delivery.RecordedAt, delivery.Endpoint, delivery.Org ?? "platform", delivery.MessageId, delivery.Type, delivery.State, $"{delivery.Attempts}",
                delivery.LastAt ?? "never",
                delivery.Error ?? $"{delivery.Status}");
        }

        await table.WriteAsync(text);
        await text.WriteLineAsync($"{list.Waiting} wait{(list.OldestWaitingSeconds is { } age ? $", the oldest for {age} s" : "")}; {list.Dead} are dead");
    }

    private static Argument<string> Id() => new("WEBHOOK") { Description = "Its id." };

    private static (Option<string?> Org, Option<string?> Endpoint, Option<string?> Message) Filter() => (
        new("--org") { Description = "List only messages about this org.", HelpName = "ORG" },
        new("--endpoint") { Description = "List only deliveries to this webhook.", HelpName = "WEBHOOK" },
        new("--message") { Description = "Only this message.", HelpName = "ID" });
}
