using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Server.Guard;

namespace Tieout.Cli.Commands;

/// <summary><c>guard override PATTERN</c>; <c>guard overrides list|approve|end</c></summary>
internal static class GuardOverrideCommands
{
    public static Command Build(Globals globals) => new("overrides", "See, approve and end overrides.")
    {
        List(globals), Step(globals, "approve", "Approve another person's override: it is in force from now on."),
        Step(globals, "end", "End an override before its time."),
    };

    public static Command Open(Globals globals)
    {
        var actions = new Argument<string>("ACTIONS") { Description = "An action such as volume.delete, or volume.* for all below it." };
        var reason = new Option<string>("--reason") { Required = true, Description = "Why. Stored, listed and told to webhooks." };
        var minutes = new Option<int>("--minutes") { Required = true, Description = "How long it is in force, from 1 to 480. It ends by itself." };
        var org = new Option<string?>("--org") { Description = "Only resources of this org. Default: of any.", HelpName = "ORG" };
        var resource = new Option<string?>("--resource") { Description = "Only the resource with this id. Default: any.", HelpName = "ID" };
        var second = new Option<bool>("--second-person") { Description = "It is in force only when another person has approved it." };
        return globals.Calling(
            new("override", "Let guarded actions run without an envelope for a short time (break-glass).") { actions, reason, minutes, org, resource, second },
            async (call, api, cancellationToken) =>
        {
            var body = new NewGuardOverrideBody(
                call.Get(actions), call.Get(reason), checked(call.Get(minutes) * 60), call.Get(org), call.Get(resource), call.Get(second));
            var answer = await api.SendAsync(
                HttpMethod.Post, "guard/overrides", body, GuardCommand.Json.NewGuardOverrideBody, GuardCommand.Json.GuardOverrideBody, cancellationToken);
            await call.AnswerAsync(answer, GuardCommand.Json.GuardOverrideBody, (opened, text) => text.WriteLineAsync(Sentence(opened)));
            return ExitCode.Ok;
        });
    }

    private static Command List(Globals globals) => globals.Calling(new("list", "List all overrides, newest first."), async (call, api, cancellationToken) =>
    {
        var answer = await api.GetAsync("guard/overrides", GuardCommand.Json.GuardOverrideListBody, cancellationToken);
        await call.AnswerAsync(answer, GuardCommand.Json.GuardOverrideListBody, (list, text) =>
        {
            var table = new TextTable("OVERRIDE", "STATE", "ACTIONS", "ORG", "RESOURCE", "BY", "APPROVED BY", "FROM", "UNTIL", "REASON");
            foreach (var item in list.Items)
            {
                table.Add(item.Id, item.State, item.Actions, item.Org ?? "any", item.Resource ?? "any", item.By, item.ApprovedBy ?? "nobody",
                    $"{item.From:u}", $"{item.EndedAt ?? item.Until:u}", item.Reason);
            }

            return table.WriteAsync(text);
        });
        return ExitCode.Ok;
    });

    private static Command Step(Globals globals, string name, string description)
    {
        var id = new Argument<string>("OVERRIDE");
        return globals.Calling(new(name, description) { id }, async (call, api, cancellationToken) =>
        {
            var answer = await api.PostAsync(
                ApiClient.Path(["guard", "overrides", call.Get(id), name]), null, GuardCommand.Json.GuardOverrideBody, cancellationToken);
            await call.AnswerAsync(answer, GuardCommand.Json.GuardOverrideBody, (body, text) => text.WriteLineAsync(Sentence(body)));
            return ExitCode.Ok;
        });
    }

    private static string Sentence(GuardOverrideBody body) => body.State switch
    {
        "in_force" =>
            $"{body.Id} is in force until {body.Until:u}: {body.Actions} runs without an envelope on {body.Resource ?? "any resource"} of {body.Org ?? "any org"}.",
        "waiting" => $"{body.Id} waits for another person: 'tieout guard overrides approve {body.Id}'. It ends at {body.Until:u}.",
        _ => $"{body.Id} is {body.State}.",
    };
}
