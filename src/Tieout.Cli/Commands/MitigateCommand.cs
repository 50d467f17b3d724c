using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Cli.Output;
using Tieout.Core.Spike;
using MitigationJson = Tieout.Server.Spike.Mitigations.MitigationJson;

namespace Tieout.Cli.Commands;

/// <summary><c>mitigate apply|preview|suggest|effect|list|remove</c></summary>
internal static class MitigateCommand
{
    public static readonly MitigationJson Json = new(
        new JsonSerializerOptions(MitigationJson.Default.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip });

    public static Command Build(Globals globals) => new("mitigate", "Act against a rising cost for a time: limit, throttle, cap or switch off a part of the requests.")
    {
        Apply(globals), Preview(globals), Suggest(globals), Effect(globals), List(globals), Remove(globals),
    };

    private static Command Apply(Globals globals)
    {
        var id = new Argument<string>("ID") { Description = "Chosen by you. The same id again is a new version." };
        var (org, options) = (Org(), new MitigateOptions());
        var owner = new Option<string>("--owner") { Required = true, Description = "The person or team that answers for it." };
        var reason = new Option<string>("--reason") { Required = true, Description = "Why. Stored with this version." };
        var lasting = new Option<string>("--for")
        {
            Required = true,
            Description = "How long it is in force, from 1m to 30d. It ends by itself.",
            HelpName = "2h",
        };
        var command = new Command("apply", "Set a mitigation: in force on every server within a second, and over by itself.") { id, org, owner, reason, lasting };
        options.AddTo(command);
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var body = options.Body(call, call.Get(owner), call.Get(reason), Seconds(call.Get(lasting)));
            var answer = await api.SendAsync(
                HttpMethod.Put, ApiClient.Path(["orgs", call.Get(org), "mitigations", call.Get(id)]), body, Json.SetMitigationBody, Json.MitigationBody,
                cancellationToken);
            await call.AnswerAsync(answer, Json.MitigationBody, (set, text) => text.WriteLineAsync(
                $"{set.Id} is in force until {set.ExpiresAt:u} (version {set.Version}): {MitigationFlaws.Text(set.Kind)} of {set.Scope}. Remove it with: tieout mitigate remove {set.Id} --org {set.Org}"));
            return ExitCode.Ok;
        });
    }

    private static Command Preview(Globals globals)
    {
        var (org, options) = (Org(), new MitigateOptions());
        var since = new Option<string?>("--since") { Description = "Replay the requests of this length, up to 7d. Default: 24h.", HelpName = "24h" };
        var command = new Command("preview", "Replay past requests through a mitigation: how many it would touch, and what it would save. Changes nothing. Ends with 1 if it would cost more.") { org, since };
        options.AddTo(command);
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            var answer = await api.SendAsync(
                HttpMethod.Post, ApiClient.Path(["orgs", call.Get(org), "mitigation-previews"], ("since", call.Get(since))),
                options.Body(call, "preview", "preview", 3_600), Json.SetMitigationBody, Json.MitigationPreviewBody, cancellationToken);
            await call.AnswerAsync(answer, Json.MitigationPreviewBody, (preview, text) => text.WriteLineAsync(preview.Sentence));
            return answer.Warning is null ? ExitCode.Ok : ExitCode.Findings;
        });
    }

    private static Command Suggest(Globals globals)
    {
        var org = Org();
        return globals.Calling(
            new("suggest", "Show at most three mitigations for the causes of the org's cost spike, each with a preview. Sets none.") { org },
            async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(
                ApiClient.Path(["orgs", call.Get(org), "mitigation-suggestions"]), Json.MitigationSuggestionsBody, cancellationToken);
            await call.AnswerAsync(answer, Json.MitigationSuggestionsBody, async (list, text) =>
            {
                if (list.Items.Count == 0) await text.WriteLineAsync($"Nothing to suggest: the verdict is {list.Verdict}. See 'tieout spike --org {list.Org}'.");
                foreach (var item in list.Items)
                {
                    await text.WriteLineAsync($"{item.Id} ({item.Cause}): {item.Why}");
                    await text.WriteLineAsync($"  {item.Preview.Sentence}");
                    await text.WriteLineAsync($"  {MitigateOptions.Apply(item)}");
                }
            });
            return ExitCode.Ok;
        });
    }

    private static Command Effect(Globals globals)
    {
        var id = new Argument<string>("ID");
        var org = Org();
        return globals.Calling(
            new("effect", "Compare what a mitigation was predicted to save with what the cost did since.") { id, org }, async (call, api, cancellationToken) =>
        {
            var path = ApiClient.Path(["orgs", call.Get(org), "mitigations", call.Get(id), "effect"]);
            var answer = await api.GetAsync(path, Json.MitigationEffectBody, cancellationToken);
            await call.AnswerAsync(answer, Json.MitigationEffectBody, (effect, text) => text.WriteLineAsync(effect.Sentence));
            return ExitCode.Ok;
        });
    }

    private static Command List(Globals globals)
    {
        var org = Org();
        return globals.Calling(new("list", "List all mitigations of an org, newest first.") { org }, async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(ApiClient.Path(["orgs", call.Get(org), "mitigations"]), Json.MitigationListBody, cancellationToken);
            await call.AnswerAsync(answer, Json.MitigationListBody, (list, text) =>
            {
                var table = new TextTable("MITIGATION", "STATE", "KIND", "SCOPE", "RULE", "OWNER", ">VERSION", "SET BY", "SET AT", "UNTIL", "REASON");
                foreach (var item in list.Items)
                {
                    table.Add(item.Id, item.State, MitigationFlaws.Text(item.Kind), item.Scope.ToString(), MitigateOptions.Text(item.Rule), item.Owner,
                        $"{item.Version}", item.SetBy, $"{item.SetAt:u}", $"{item.EndedAt ?? item.ExpiresAt:u}", item.Reason);
                }

                return table.WriteAsync(text);
            });
            return ExitCode.Ok;
        });
    }

    private static Command Remove(Globals globals)
    {
        var id = new Argument<string>("ID");
        var org = Org();
        return globals.Calling(new("remove", "End a mitigation before its time, on every server within a second.") { id, org }, async (call, api, cancellationToken) =>
        {
            var answer = await api.DeleteAsync(
                ApiClient.Path(["orgs", call.Get(org), "mitigations", call.Get(id)]), Json.MitigationBody, cancellationToken);
            await call.AnswerAsync(answer, Json.MitigationBody, (ended, text) => text.WriteLineAsync($"{ended.Id} is {ended.State}."));
            return ExitCode.Ok;
        });
    }

    private static Option<string> Org() => new("--org") { Required = true, Description = "The org whose requests it is about.", HelpName = "ORG" };

    private static int Seconds(string text)
    {
        var factor = text.Length == 0 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3_600, 'd' => 86_400, _ => 0 };
        return factor > 0 && int.TryParse(text.AsSpan(0, text.Length - 1), out var count) && count is > 0 and < 100_000 ? count * factor
            : throw new CommandFailedException(ExitCode.Usage, $"'{text}' is not a length of time: write minutes, hours or days, for example 90m, 2h or 1d.");
    }
}
