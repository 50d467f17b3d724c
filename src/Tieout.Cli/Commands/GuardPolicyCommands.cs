using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Core.Guard;
using Tieout.Server.Guard;

namespace Tieout.Cli.Commands;

/// <summary><c>guard policies list|set|diff</c></summary>
internal static class GuardPolicyCommands
{
    public static Command Build(Globals globals) => new("policies", "Which actions are guarded.") { List(globals), Set(globals), Diff(globals) };

    public static string Name(GuardMode mode) => mode.ToString().ToLowerInvariant();

    private static Command List(Globals globals) => globals.Calling(new("list", "List all policies."), async (call, api, cancellationToken) =>
    {
        var answer = await api.GetAsync("guard/policies", GuardCommand.Json.GuardPolicyListBody, cancellationToken);
        await call.AnswerAsync(answer, GuardCommand.Json.GuardPolicyListBody, WriteAsync);
        return ExitCode.Ok;
    });

    private static Command Set(Globals globals)
    {
        var name = new Argument<string>("POLICY");
        var actions = new Option<string>("--actions") { Required = true, Description = "An action such as volume.delete, or cluster.* for all below it." };
        var irreversible = new Option<bool>("--irreversible") { Description = "Nobody can undo the actions. Only such actions can be enforced." };
        var mode = new Option<string>("--mode") { Required = true, Description = "off, shadow (record what would be blocked) or enforce." };
        mode.AcceptOnlyFromAmong([.. Enum.GetValues<GuardMode>().Select(Name)]);
        var single = new Option<bool>("--single-use") { Description = "An operation may run an action on a resource only once." };
        var reason = new Option<string>("--reason") { Required = true, Description = "Why. Stored with this version." };
        return globals.Calling(
            new("set", "Set a policy, as a new version of it.") { name, actions, irreversible, mode, single, reason }, async (call, api, cancellationToken) =>
        {
            var body = new SetGuardPolicyBody(
                call.Get(name), call.Get(actions), call.Get(irreversible), Enum.Parse<GuardMode>(call.Get(mode), ignoreCase: true), call.Get(reason),
                call.Get(single));
            var answer = await api.SendAsync(
                HttpMethod.Post, "guard/policies", body, GuardCommand.Json.SetGuardPolicyBody, GuardCommand.Json.GuardPolicy, cancellationToken);
            await call.AnswerAsync(answer, GuardCommand.Json.GuardPolicy, (set, text) =>
                text.WriteLineAsync($"{set.Name} is version {set.Version}: {set.Actions} in mode {Name(set.Mode)}."));
            return ExitCode.Ok;
        });
    }

    private static Command Diff(Globals globals)
    {
        var name = new Argument<string>("POLICY");
        return globals.Calling(new("diff", "Show what each version of a policy changed, and who set it.") { name }, async (call, api, cancellationToken) =>
        {
            var path = ApiClient.Path(["guard", "policies", call.Get(name), "versions"]);
            var answer = await api.GetAsync(path, GuardCommand.Json.GuardPolicyListBody, cancellationToken);
            await call.AnswerAsync(answer, GuardCommand.Json.GuardPolicyListBody, async (list, text) =>
            {
                GuardPolicy? before = null;
                foreach (var version in list.Items)
                {
                    await text.WriteLineAsync($"version {version.Version}, set by {version.SetBy} at {version.SetAt:u}: {version.Reason}");
                    foreach (var line in Changes(before, version)) await text.WriteLineAsync($"  {line}");
                    before = version;
                }
            });
            return ExitCode.Ok;
        });
    }

    private static IEnumerable<string> Changes(GuardPolicy? before, GuardPolicy after)
    {
        foreach (var (what, old, now) in ((string, string?, string)[])
        [
            ("actions", before?.Actions, after.Actions), ("irreversible", YesNo(before?.Irreversible), YesNo(after.Irreversible)!),
            ("mode", before is null ? null : Name(before.Mode), Name(after.Mode)), ("single use", YesNo(before?.SingleUse), YesNo(after.SingleUse)!),
        ])
        {
            if (old is null) yield return $"{what}: {now}";
            else if (old != now) yield return $"{what}: {old} -> {now}";
        }
    }

    private static string? YesNo(bool? value) => value switch { null => null, true => "yes", false => "no" };

    private static Task WriteAsync(GuardPolicyListBody list, TextWriter text)
    {
        var table = new TextTable("POLICY", "ACTIONS", "MODE", "IRREVERSIBLE", "SINGLE USE", ">VERSION", "SET BY", "SET AT", "REASON");
        foreach (var policy in list.Items)
        {
            table.Add(policy.Name, policy.Actions, Name(policy.Mode), YesNo(policy.Irreversible)!, YesNo(policy.SingleUse)!, $"{policy.Version}", policy.SetBy,
                $"{policy.SetAt:u}", policy.Reason);
        }

        return table.WriteAsync(text);
    }
}
