using System.CommandLine;
using Tieout.Cli.Output;
using Tieout.Core.Budgets;
using Tieout.Core.Tenancy;
using Tieout.Server.Tenancy;

namespace Tieout.Cli.Commands;

/// <summary><c>key create|list|cap|block|unblock|rotate|end-previous|expire|terms</c></summary>
internal static class KeyCommands
{
    public static Command Build(Globals globals) => new("key", "Manage the keys of an org.")
    {
        Create(globals), List(globals), Cap(globals), Rotate(globals), Expire(globals), Terms(globals), Block(globals, "block", "Refuse a key from now on."),
        Block(globals, "unblock", "Let a blocked key spend again."), Block(
            globals, "end-previous", "Refuse the secret that the last rotation replaced, before its time."),
    };

    private static Command Create(Globals globals)
    {
        var org = Arguments.Org();
        var team = new Option<string?>("--team") { Description = "Its spend counts for this team." };
        var project = new Option<string?>("--project") { Description = "Its spend counts for this project, whatever a request says." };
        var name = new Option<string?>("--name") { Description = "For people to tell keys apart." };
        var terms = new TermOptions();
        var worker = new Option<bool>("--worker") { Description = "It spends for the tenants named, with their envelopes, and for nobody without one." };
        var tenants = new Option<string[]>(
            "--tenant")
        { Description = "An org that a worker may act for; may come several times; * is all of them.", HelpName = "ORG" };
        var cap = new Option<string?>(
            "--cap")
        {
            Description = "Refuse what would take the key's spend beyond this. In the org's asset. Default: no cap of its own.",
            HelpName = "AMOUNT"
        };
        var capWindow = Window("--cap-window");
        return globals.Calling(new("create",
            "Makes a key. Its secret is shown this once.") { cap, capWindow, org, team, project, name, worker, tenants, terms.ExpiresAt, terms.Models,
                terms.Scopes, terms.Metadata, terms.FactsPerCall, terms.FactsPerDay, terms.Addresses, terms.Pins }, async (call, api, cancellationToken) =>
        {
            var limits = terms.Body(call);
            var made = await api.SendAsync(
                HttpMethod.Post, ApiClient.Path(["orgs", call.Get(org), "keys"]),
                new NewKeyBody(
                    call.Get(team), call.Get(project), call.Get(name), call.Get(worker), call.Get(tenants) is { Length: > 0 } named ? named : null,
                    limits.ExpiresAt, limits.Models, limits.Scopes, limits.Metadata, limits.FactsPerCall, limits.FactsPerDay, limits.Addresses, limits.Pins,
                    Arguments.AmountOrNull(call.Get(cap)) is { } most ? new(most, Unit(call.Get(capWindow))) : null),
                ApiClient.Json.NewKeyBody, ApiClient.Json.MadeKeyBody, cancellationToken);
            await call.AnswerAsync(made, ApiClient.Json.MadeKeyBody,
                (answer, text) => text.WriteLineAsync(
                    $"{answer.Id}\n{answer.Key}\nThe second line is the secret. It is not stored and cannot be shown again."));
            return ExitCode.Ok;
        });
    }

    private static Command List(Globals globals)
    {
        var org = Arguments.Org();
        return globals.Calling(new("list", "List the keys of an org.") { org }, async (call, api, cancellationToken) =>
        {
            var answer = await api.GetAsync(ApiClient.Path(["orgs", call.Get(org), "keys"]), ApiClient.Json.KeyListBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.KeyListBody, (list, text) =>
            {
                var table = new TextTable("KEY", "TEAM", "PROJECT", "NAME", "STATE", "CAP", "LAST USED", "CREATED");
                foreach (var key in list.Items)
                {
                    table.Add(key.Id, key.Team, key.Project, key.Name, State(key), Caps(key), key.LastUsedAt?.ToString("yyyy-MM-dd HH:mm'Z'") ?? "never",
                        key.CreatedAt.ToString("u"));
                }

                return table.WriteAsync(text);
            });
            return ExitCode.Ok;
        });
    }

    private static Command Cap(Globals globals)
    {
        var org = Arguments.Org();
        var key = Key();
        var limit = new Option<string?>(
            "--limit")
        { Description = "Refuse what would take the key's spend beyond this. In the org's asset.", HelpName = "AMOUNT" };
        var none = new Option<bool>("--none") { Description = "Remove the cap of this window." };
        var window = Window("--window");
        var command = new Command("cap", "Set, change or remove the spend cap of a key. Caps with other windows stay.") { org, key, limit, none, window };
        return globals.Calling(command, async (call, api, cancellationToken) =>
        {
            if (call.Get(limit) is null != call.Get(none)) throw new CommandFailedException(ExitCode.Usage, "Say one of --limit and --none.");
            var answer = await api.SendAsync(
                HttpMethod.Put, ApiClient.Path(["orgs", call.Get(org), "keys", call.Get(key), "cap"]),
                new SetKeyCapBody(Arguments.AmountOrNull(call.Get(limit)), Unit(call.Get(window))),
                ApiClient.Json.SetKeyCapBody, ApiClient.Json.KeyBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.KeyBody, (body, text) => text.WriteLineAsync($"{body.Id}: cap {Caps(body)}"));
            return ExitCode.Ok;
        });
    }

    private static Option<string> Window(string name)
    {
        var window = new Option<string>(name)
        {
            Description = "The time that the cap is for: minute, hour, day, week, month or total. Default: total.",
            DefaultValueFactory = _ => "total"
        };
        window.AcceptOnlyFromAmong("minute", "hour", "day", "week", "month", "total");
        return window;
    }

    private static WindowUnit Unit(string name) => Enum.Parse<WindowUnit>(name, ignoreCase: true);

    private static string Caps(KeyBody key) =>
        key.Caps is null ? "none" : string.Join(", ", key.Caps.Select(cap => $"{cap.Limit} {cap.Window.ToString().ToLowerInvariant()}"));

    private static Command Rotate(Globals globals)
    {
        var org = Arguments.Org();
        var key = Key();
        var grace = new Option<int>(
            "--grace")
        { Description = "How long the old secret stays valid, in seconds.", DefaultValueFactory = _ => 86_400, HelpName = "SECONDS" };
        var now = new Option<bool>("--now") { Description = "Refuse the old secret at once: for a secret that leaked." };
        return globals.Calling(new("rotate", "Give a key a new secret, shown this once.") { org, key, grace, now }, async (call, api, cancellationToken) =>
        {
            var made = await api.SendAsync(
                HttpMethod.Post, ApiClient.Path(["orgs", call.Get(org), "keys", call.Get(key), "rotate"]), new RotateKeyBody(call.Get(grace), call.Get(now)),
                ApiClient.Json.RotateKeyBody, ApiClient.Json.MadeKeyBody, cancellationToken);
            await call.AnswerAsync(made, ApiClient.Json.MadeKeyBody, (answer, text) => text.WriteLineAsync(
                $"{answer.Id}\n{answer.Key}\nThe second line is the new secret. The old one {(answer.PreviousUntil is { } until ? $"is good until {until:u}" : "is refused from now on")}."));
            return ExitCode.Ok;
        });
    }

    private static Command Expire(Globals globals)
    {
        var org = Arguments.Org();
        var key = Key();
        var at = new Option<string?>("--at") { Description = "A day or a time to come. Default: now.", HelpName = "TIME" };
        return globals.Calling(new("expire", "End a key, now or at a time.") { org, key, at }, async (call, api, cancellationToken) =>
        {
            var answer = await api.SendAsync(
                HttpMethod.Post, ApiClient.Path(["orgs", call.Get(org), "keys", call.Get(key), "expire"]), new ExpireKeyBody(call.Get(at)),
                ApiClient.Json.ExpireKeyBody, ApiClient.Json.KeyBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.KeyBody, (body, text) => text.WriteLineAsync($"{body.Id} expires at {body.ExpiresAt:u}."));
            return ExitCode.Ok;
        });
    }

    private static Command Terms(Globals globals)
    {
        var org = Arguments.Org();
        var key = Key();
        var terms = new TermOptions();
        return globals.Calling(new("terms",
            "Sets all limits of a key; what is left out is not limited.") { org, key, terms.ExpiresAt, terms.Models, terms.Scopes, terms.Metadata,
                terms.FactsPerCall, terms.FactsPerDay, terms.Addresses, terms.Pins }, async (call, api, cancellationToken) =>
        {
            var answer = await api.SendAsync(
                HttpMethod.Put, ApiClient.Path(["orgs", call.Get(org), "keys", call.Get(key), "terms"]), terms.Body(call),
                ApiClient.Json.KeyTermsBody, ApiClient.Json.KeyBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.KeyBody, (body, text) => text.WriteLineAsync(
                $"{body.Id}: models {Shown(body.Models)}; scopes {Shown(body.Scopes)}; expires {(body.ExpiresAt is { } end ? $"{end:u}" : "never")}"));
            return ExitCode.Ok;
        });
    }

    private static string Shown(IReadOnlyList<string>? names) => names is null ? "all" : string.Join(", ", names);

    private static Argument<string> Key() => new("KEY") { Description = "Its id, not its secret." };

    private static Command Block(Globals globals, string verb, string description)
    {
        var org = Arguments.Org();
        var key = Key();
        return globals.Calling(new(verb, description) { org, key }, async (call, api, cancellationToken) =>
        {
            var answer =
                await api.PostAsync(ApiClient.Path(["orgs", call.Get(org), "keys", call.Get(key), verb]), null, ApiClient.Json.KeyBody, cancellationToken);
            await call.AnswerAsync(answer, ApiClient.Json.KeyBody, (body, text) => text.WriteLineAsync($"{body.Id} is {State(body)}."));
            return ExitCode.Ok;
        });
    }

    private static string State(KeyBody key) => key.Blocked ? "blocked" : "in use";
}

/// <summary>The limits of a key, as options.</summary>
internal sealed class TermOptions
{
    public Option<string?> ExpiresAt { get; } = new("--expires-at") { Description = "A day or a time to come. Default: never.", HelpName = "TIME" };
    public Option<string[]> Models { get; } = new(
        "--model")
    { Description = "A model it may ask for, with at most one * at its end; can be given again. Default: all.", HelpName = "NAME" };
    public Option<string[]> Scopes { get; } =
        new("--scope") { Description = $"What the key may do; can be given again. Default: {KeyScope.Inference}, which is {Names(isInference: true)}. The others: {Names(isInference: false)}.", HelpName = "NAME" };
    public Option<string?> FactsPerCall { get; } =
        new("--facts-per-call") { Description = $"Usage that one call may hand in beyond a hard limit, with the scope {KeyScope.UsageFacts}. In major units. Default: {KeyTerms.FactsPerCallDefault}.", HelpName = "AMOUNT" };
    public Option<string?> FactsPerDay { get; } =
        new("--facts-per-day") { Description = $"How far one day's usage may go beyond a hard limit, with the scope {KeyScope.UsageFacts}. In major units. Default: {KeyTerms.FactsPerDayDefault}.", HelpName = "AMOUNT" };
    public Option<string[]> Addresses { get; } =
        new("--address") { Description = $"Refuse the key from other addresses: an IPv4 or IPv6 address, or a network such as 192.0.2.0/24; can be given up to {AddressList.Max} times. Default: all.", HelpName = "CIDR" };
    public Option<string[]> Pins { get; } =
        new("--pin") { Description = "Give everything spent with the key this tag, and refuse requests that say another: project, feature or user; can be given again. Default: none.", HelpName = "TAG=VALUE" };
    public Option<string[]> Metadata { get; } = new("--metadata") { Description = "A note of your own; can be given again.", HelpName = "NAME=VALUE" };

    /// <exception cref="CommandFailedException">A note is not <c>NAME=VALUE</c>.</exception>
    public KeyTermsBody Body(Invocation call)
    {
        var notes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var note in call.Get(Metadata) ?? [])
        {
            var equals = note.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1) throw new CommandFailedException(ExitCode.Usage, $"'{note}' is not a note: write NAME=VALUE.");
            notes[note[..equals]] = note[(equals + 1)..];
        }

        return new(call.Get(ExpiresAt), Given(call.Get(Models)), Given(call.Get(Scopes)), notes.Count == 0 ? null : notes,
            Arguments.AmountOrNull(call.Get(FactsPerCall)), Arguments.AmountOrNull(call.Get(FactsPerDay)),
            Given(call.Get(Addresses)), Pinned(call.Get(Pins) ?? []));
    }

    private static KeyPins? Pinned(string[] pins)
    {
        var pinned = new KeyPins();
        foreach (var pin in pins)
        {
            var equals = pin.IndexOf('=', StringComparison.Ordinal);
            pinned = (equals < 0 ? "" : pin[..equals]) switch
            {
                "project" => pinned with { Project = pin[(equals + 1)..] },
                "feature" => pinned with { Feature = pin[(equals + 1)..] },
                "user" => pinned with { User = pin[(equals + 1)..] },
                _ => throw new CommandFailedException(ExitCode.Usage, $"'{pin}' is not a pinned tag. Write project=NAME, feature=NAME or user=NAME."),
            };
        }

        return pins.Length == 0 ? null : pinned;
    }

    private static string Names(bool isInference) => string.Join(", ", KeyScope.All.Where(scope => scope.IsInference == isInference));

    private static string[]? Given(string[]? values) => values is { Length: > 0 } ? values : null;
}
