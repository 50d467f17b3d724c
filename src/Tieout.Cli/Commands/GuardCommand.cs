using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Cli.Output;
using Tieout.Server.Guard;
using GuardJson = Tieout.Server.Guard.GuardJson;

namespace Tieout.Cli.Commands;

/// <summary><c>guard policies|hits|promote|override|overrides</c></summary>
internal static class GuardCommand
{
    public static readonly GuardJson Json = new(
        new JsonSerializerOptions(GuardJson.Default.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip });

    public static Command Build(Globals globals) => new("guard", "Let actions that cannot be undone run only with an envelope of the resource's owner.")
    {
        GuardPolicyCommands.Build(globals), Hits(globals), Promote(globals), GuardOverrideCommands.Open(globals), GuardOverrideCommands.Build(globals),
    };

    private static Command Hits(Globals globals)
    {
        var policy = new Option<string?>("--policy") { Description = "Only this policy. Default: all.", HelpName = "POLICY" };
        var org = new Option<string?>("--org") { Description = "Only resources of this org. Default: all.", HelpName = "ORG" };
        var from = new Option<string?>("--from") { Description = "First day in UTC. Default: seven days before --to.", HelpName = "DAY" };
        var to = new Option<string?>("--to") { Description = "The day after the last one, in UTC. Default: tomorrow.", HelpName = "DAY" };
        var command = new Command("hits", "Show by policy and day what was allowed, would have been blocked, and was blocked, with the newest decisions.")
        {
            policy, org, from, to,
        };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var path = ApiClient.Path(
                ["guard", "hits"], ("policy", call.Get(policy)), ("org", call.Get(org)), ("from", call.Get(from)), ("to", call.Get(to)));
            await call.AnswerAsync(await api.GetAsync(path, Json.GuardHitsBody, cancellationToken), Json.GuardHitsBody, WriteAsync);
            return ExitCode.Ok;
        });
    }

    private static Command Promote(Globals globals)
    {
        var policy = new Argument<string>("POLICY");
        var reason = new Option<string?>("--reason") { Description = "Why. Stored with the new version. Needed with --yes." };
        var yes = new Option<bool>("--yes") { Description = "Enforce the policy. Without it, the command only shows what the last week would have blocked." };
        return globals.Calling(
            new("promote", "Show what a policy in shadow mode would have blocked in the last week, then enforce it.") { policy, reason, yes },
            async (call, api, cancellationToken) =>
        {
            var name = call.Get(policy);
            var policies = await api.GetAsync("guard/policies", Json.GuardPolicyListBody, cancellationToken);
            var standing = policies.Items.FirstOrDefault(item => item.Name == name)
                ?? throw new CommandFailedException(ExitCode.Usage, $"The guard policy '{name}' does not exist. 'tieout guard policies list' shows all.");
            if (!call.Get(yes))
            {
                var hits = await api.GetAsync(ApiClient.Path(["guard", "hits"], ("policy", name)), Json.GuardHitsBody, cancellationToken);
                await call.AnswerAsync(hits, Json.GuardHitsBody, async (body, text) =>
                {
                    await WriteAsync(body, text);
                    await text.WriteLineAsync(
                        $"Nothing is changed: {name} is in mode {GuardPolicyCommands.Name(standing.Mode)}. Enforce it with --yes and --reason.");
                });
                return ExitCode.Ok;
            }

            var why = call.Get(reason) ?? throw new CommandFailedException(ExitCode.Usage, "Say with --reason why the policy is enforced.");
            var answer = await api.SendAsync(
                HttpMethod.Post, ApiClient.Path(["guard", "policies", name, "promote"]), new PromoteGuardPolicyBody(standing.Version, why),
                Json.PromoteGuardPolicyBody, Json.GuardPolicy, cancellationToken);
            await call.AnswerAsync(answer, Json.GuardPolicy, (body, text) =>
                text.WriteLineAsync($"{body.Name} is enforced since now (version {body.Version}): {body.Actions} needs an envelope of the owner."));
            return ExitCode.Ok;
        });
    }

    private static async Task WriteAsync(GuardHitsBody body, TextWriter text)
    {
        var days = new TextTable("DAY (UTC)", "POLICY", ">ASKED", ">ALLOWED", ">OVERRIDDEN", ">SHADOW HITS", ">BLOCKED", ">HIT RATE");
        foreach (var day in body.Items)
        {
            days.Add(day.Day, day.Policy, $"{day.Asked}", $"{day.Allowed}", $"{day.Overridden}", $"{day.ShadowHits}", $"{day.Blocked}",
                day.HitRate.ToString("P2", CultureInfo.InvariantCulture));
        }

        if (body.Items.Count == 0)
        {
            await text.WriteLineAsync($"No policy was asked from {body.From} to before {body.Before}.");
            return;
        }

        await days.WriteAsync(text);
        if (body.Samples.Count == 0) return;
        await text.WriteLineAsync();
        var samples = new TextTable("DECIDED", "OUTCOME", "REASON", "ACTION", "RESOURCE", "OWNER", "ASKED BY", "OPERATION", "OVERRIDE");
        foreach (var item in body.Samples)
        {
            samples.Add($"{item.DecidedAt:u}", item.Outcome, item.Reason, item.Action, $"{item.ResourceType} {item.ResourceId}", item.OwnerOrg ?? "none",
                item.CallerOrg is null ? item.CallerId : $"{item.CallerId} of {item.CallerOrg}", item.OperationId ?? "none", item.OverrideId ?? "none");
        }

        await samples.WriteAsync(text);
    }
}
