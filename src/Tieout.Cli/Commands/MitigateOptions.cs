using System.CommandLine;
using System.Globalization;
using Tieout.Core.Money;
using Tieout.Core.Spike;
using Tieout.Server.Spike.Mitigations;

namespace Tieout.Cli.Commands;

/// <summary>What a mitigation is about and what it allows, as options of a command.</summary>
internal sealed class MitigateOptions
{
    private readonly Option<string> _kind = new("--kind") { Required = true, Description = "What the mitigation does. The kind decides which other options it takes." };
    private readonly Option<string?> _feature = Scope("feature"), _team = Scope("team"), _key = Scope("key"), _model = Scope("model");
    private readonly Option<string?> _trigger = Scope("trigger"), _user = Scope("user");
    private readonly Option<int?> _requests = Number("--requests", "rate_limit: requests in a period, from 1 to 50000.");
    private readonly Option<int?> _period = Number("--period", "rate_limit: seconds of the period, from 1 to 86400. Default: 60.");
    private readonly Option<int?> _outputTokens = Number("--output-tokens", "output_cap: the most output tokens of an answer, from 16.");
    private readonly Option<string[]> _map = new("--map") { Description = "model_map: from one model to another. May be given again.", HelpName = "FROM=TO" };
    private readonly Option<string?> _limit = new("--limit") { Description = "cost_cap: the most that an hour may cost, in the org's asset.", HelpName = "AMOUNT" };
    private readonly Option<int?> _percent = Number("--percent", "retry_budget: repeated requests for each 100 first ones, from 0 to 1000. Default: 20.");
    private readonly Option<int?> _floor = Number("--floor", "retry_budget: repeated requests a minute that always pass. Default: 3.");
    private readonly Option<int?> _failures = Number("--failures", "tool_breaker: failures in a row that open it, from 1 to 100. Default: 5.");
    private readonly Option<int?> _open = Number("--open", "tool_breaker: seconds until a probe, from 1 to 86400. Default: 60.");
    private readonly Option<int?> _retries = Number("--retries", "tool_breaker: repetitions of a call with the same arguments, from 0 to 100. Default: 2.");
    private readonly Option<string?> _tool = new("--tool") { Description = "tool_breaker: only this tool. Default: each.", HelpName = "TOOL" };
    private readonly Option<int?> _wait = Number("--wait", "coalesce: seconds between two requests of one user, from 1 to 120. Default: 5.");

    private readonly Option<int?> _messages = Number("--messages", "truncate: at least so many of the last messages go on, from 1 to 10000.");
    private readonly Option<int?> _contextTokens =
        Number("--context-tokens", "truncate: about so many tokens of the conversation go on at most, from 1000. In place of --messages.");

    private readonly Option<int?> _block =
        Number("--block", "truncate: messages or tokens that are cut off at once. Default: as many messages as go on, or 2/5 of the tokens.");

    public MitigateOptions() => _kind.AcceptOnlyFromAmong([.. Enum.GetValues<MitigationKind>().Select(MitigationFlaws.Text)]);

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_kind, _feature, _team, _key, _model, _trigger, _user, _requests, _period, _outputTokens, _map, _limit, _percent,
            _floor, _failures, _open, _retries, _tool, _wait, _messages, _contextTokens, _block])
        {
            command.Add(option);
        }
    }

    public SetMitigationBody Body(Invocation call, string owner, string reason, int seconds)
    {
        var kind = call.Get(_kind);
        return new(
            Enum.GetValues<MitigationKind>().First(each => MitigationFlaws.Text(each) == kind), owner, reason, seconds,
            new(call.Get(_feature), call.Get(_team), call.Get(_key), call.Get(_model), call.Get(_trigger), call.Get(_user)),
            new(call.Get(_requests), call.Get(_period), call.Get(_outputTokens), Models(call.Get(_map)), Limit(call.Get(_limit)), call.Get(_percent),
                call.Get(_floor), call.Get(_failures), call.Get(_open), call.Get(_retries), call.Get(_tool), call.Get(_wait), call.Get(_messages),
                call.Get(_contextTokens), call.Get(_block)));
    }

    /// <summary>The options that make a suggestion.</summary>
    public static string Words(MitigationPreviewBody preview)
    {
        var scope = preview.Scope.Parts.Where(part => part.Value is not null).Select(part => $"--{part.Name} '{part.Value}'");
        return string.Join(' ', scope.Prepend($"--kind {MitigationFlaws.Text(preview.Kind)}").Concat(Parts(preview.Rule).Select(part => $"--{part.Option} {part.Value}")));
    }

    /// <summary>The command that sets a suggestion.</summary>
    public static string Apply(MitigationSuggestionBody item) =>
        $"tieout mitigate apply {item.Id} --org {item.Preview.Org} {Words(item.Preview)} --owner YOU --reason {item.Cause} --for 2h";

    /// <summary>What a rule allows, for a table.</summary>
    public static string Text(MitigationRuleBody rule) => string.Join(", ", Parts(rule).Select(part => $"{part.Option} {part.Value}"));

    private static IEnumerable<(string Option, string Value)> Parts(MitigationRuleBody rule)
    {
        foreach (var (option, value) in ((string, object?)[])
        [
            ("requests", rule.Requests), ("period", rule.PeriodSeconds), ("output-tokens", rule.OutputTokens), ("limit", rule.Limit), ("percent", rule.Percent),
            ("floor", rule.Floor), ("failures", rule.Failures), ("open", rule.OpenSeconds), ("retries", rule.Retries), ("tool", rule.Tool),
            ("wait", rule.WaitSeconds), ("messages", rule.Messages), ("context-tokens", rule.ContextTokens), ("block", rule.Block),
        ])
        {
            if (value is not null) yield return (option, Convert.ToString(value, CultureInfo.InvariantCulture)!);
        }

        foreach (var (from, to) in rule.Models ?? new Dictionary<string, string>()) yield return ("map", $"{from}={to}");
    }

    private static Dictionary<string, string>? Models(string[]? pairs)
    {
        if (pairs is null or []) return null;
        var models = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in pairs)
        {
            if (pair.Split('=') is not [{ Length: > 0 } from, { Length: > 0 } to] || !models.TryAdd(from, to))
            {
                throw new CommandFailedException(ExitCode.Usage, $"'{pair}' is not a pair of models: write FROM=TO, each model once, for example gpt-4o=gpt-4o-mini.");
            }
        }

        return models;
    }

    private static Amount? Limit(string? text)
    {
        if (text is null) return null;
        return Amount.TryParse(text, out var amount) ? amount : throw new CommandFailedException(ExitCode.Usage, $"'{text}' is not an amount: write digits, for example 12.50.");
    }

    private static Option<string?> Scope(string name) =>
        new($"--{name}") { Description = $"Only requests of this {name}; * counts each {name} for itself. Default: any.", HelpName = name.ToUpperInvariant() };

    private static Option<int?> Number(string name, string description) => new(name) { Description = description, HelpName = "N" };
}
