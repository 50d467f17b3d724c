using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Cli.Output;
using Tieout.Server.Ingest;

namespace Tieout.Cli.Commands;

/// <summary><c>contracts quarantine list|repair|release</c></summary>
internal static class QuarantinedEventCommands
{
    private static readonly QuarantineJson Json = new(
        new JsonSerializerOptions(QuarantineJson.Default.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip });

    public static Command Build(Globals globals) => new("quarantine", "Usage that broke a contract and is not charged yet.")
    {
        List(globals), Repair(globals), Release(globals),
    };

    private static Command List(Globals globals)
    {
        var org = Arguments.Org();
        var state = new Option<string?>("--state") { Description = "waiting, released, superseded or all. Default: waiting." };
        state.AcceptOnlyFromAmong("waiting", "released", "superseded", "all");
        var cursor = new Option<string?>("--cursor") { Description = "Where the page before ended.", HelpName = "PLACE" };
        return globals.Calling(new("list", "List usage that was put aside, with the reason.") { org, state, cursor }, async (call, api, cancellationToken) =>
        {
            var path = ApiClient.Path(["orgs", call.Get(org), "quarantined-events"], ("state", call.Get(state)), ("cursor", call.Get(cursor)));
            var answer = await api.GetAsync(path, Json.QuarantinedEventListBody, cancellationToken);
            await call.AnswerAsync(answer, Json.QuarantinedEventListBody, WriteAsync);
            return ExitCode.Ok;
        });
    }

    private static Command Repair(Globals globals)
    {
        var (org, usage, reason) = (Arguments.Org(), new Argument<string>("USAGE_ID"), Reason());
        var set = new Option<string[]>("--set")
        {
            Required = true,
            Description = "A label or id and its value. May be given several times.",
            HelpName = "team=search",
        };
        return globals.Calling(
            new("repair", "Give usage in quarantine the labels and ids that it lacks.") { usage, org, set, reason }, async (call, api, cancellationToken) =>
        {
            var body = new RepairEventBody(call.Get(set).ToDictionary(pair => Part(pair, 0), pair => Part(pair, 1)), call.Get(reason));
            var answer = await api.SendAsync(
                HttpMethod.Post, Path(call.Get(org), call.Get(usage), "repair"), body, Json.RepairEventBody, Json.QuarantinedEvent, cancellationToken);
            await call.AnswerAsync(answer, Json.QuarantinedEvent, (item, text) => text.WriteLineAsync(
                item.Lacks.Count + item.WrongForm.Count == 0
                    ? $"{item.UsageId} breaks no contract any more. Charge it with 'tieout contracts quarantine release {item.UsageId}'."
                    : $"{item.UsageId} still lacks {string.Join(", ", item.Lacks.Concat(item.WrongForm))}."));
            return ExitCode.Ok;
        });
    }

    private static Command Release(Globals globals)
    {
        var (org, usage, reason) = (Arguments.Org(), new Argument<string>("USAGE_ID"), Reason());
        var incomplete = new Option<bool>("--incomplete") { Description = "Charge it though it still breaks a contract." };
        return globals.Calling(new("release", "Charge usage that was put aside. It is charged once.") { usage, org, reason, incomplete },
            async (call, api, cancellationToken) =>
        {
            var answer = await api.SendAsync(
                HttpMethod.Post, Path(call.Get(org), call.Get(usage), "release"), new ReleaseEventBody(call.Get(reason), call.Get(incomplete)),
                Json.ReleaseEventBody, Json.QuarantinedEvent, cancellationToken);
            await call.AnswerAsync(answer, Json.QuarantinedEvent, (item, text) => text.WriteLineAsync(item.State == QuarantinedEvent.Superseded
                ? $"{item.UsageId} was sent again complete and charged so. Nothing more is charged." : $"{item.UsageId} is charged."));
            return ExitCode.Ok;
        });
    }

    private static Option<string> Reason() => new("--reason") { Required = true, Description = "Why. Stored with the event." };

    private static string Path(string org, string usage, string what) => ApiClient.Path(["orgs", org, "quarantined-events", usage, what]);

    private static string Part(string pair, int index) => pair.Split('=', 2) is { Length: 2 } parts && parts[0].Length > 0
        ? parts[index] : throw new CommandFailedException(ExitCode.Usage, $"'{pair}' sets nothing: write a name and a value, such as team=search.");

    private static Task WriteAsync(QuarantinedEventListBody list, TextWriter text)
    {
        var table = new TextTable("USAGE", "STATE", "CONTRACT", "LACKS", "WRONG FORM", "SENT BY", "CHANGED BY", "REASON");
        foreach (var item in list.Items)
        {
            table.Add(
                item.UsageId, item.State, $"{item.Contract} {item.Version}", string.Join(", ", item.Lacks), string.Join(", ", item.WrongForm), item.SentBy,
                item.ChangedBy ?? "nobody", item.Reason ?? "");
        }

        return table.WriteAsync(text);
    }
}
