using System.CommandLine;
using Tieout.Core.Spike;
using Tieout.Server.Spike.Rules;

namespace Tieout.Cli.Commands;

/// <summary>What an alert rule compares, as options of a command.</summary>
internal sealed class AlertRuleOptions
{
    private readonly Option<string> _kind = new("--kind")
    {
        Required = true,
        Description = "spike: the verdict on the cost. threshold: a figure of an hour or day. ratio: an hour against its baseline hour. forecast: a budget's end.",
    };

    private readonly Option<string?> _project = Scope("project"), _team = Scope("team"), _key = Scope("key"), _feature = Scope("feature"), _model = Scope("model");
    private readonly Option<string?> _measure = new("--measure") { Description = "threshold, ratio: spend, tokens or failures." };
    private readonly Option<string?> _period = new("--period") { Description = "threshold: hour or day. Default: hour." };
    private readonly Option<string?> _limit = new("--limit")
    {
        Description = "threshold, ratio of spend: above this amount, in the org's asset. spike: a smaller rise is no alert.",
        HelpName = "AMOUNT",
    };

    private readonly Option<long?> _count = new("--count") { Description = "threshold, ratio of tokens or failures: above this number.", HelpName = "N" };
    private readonly Option<int?> _percent = new("--percent")
    {
        Description = "ratio: of the baseline hour, from 100. forecast: of the budget's limit, default 100. spike: the least rise, default 20.",
        HelpName = "N",
    };

    private readonly Option<string[]> _verdict = new("--verdict") { Description = "spike: sustained, rising or blip. May be given again. Default: sustained." };
    private readonly Option<string?> _budget = new("--budget")
    {
        Description = "forecast: the budget's id, as 'budget list' shows it. Default: each budget of a day, week or month.",
        HelpName = "ID",
    };

    private readonly Option<string> _owner = new("--owner") { Required = true, Description = "The person or team that answers for it." };
    private readonly Option<string> _reason = new("--reason") { Required = true, Description = "Why. Stored with this version." };

    public AlertRuleOptions()
    {
        _kind.AcceptOnlyFromAmong([.. Enum.GetValues<AlertRuleKind>().Select(AlertRuleFlaws.Text)]);
        _measure.AcceptOnlyFromAmong("spend", "tokens", "failures");
        _period.AcceptOnlyFromAmong("hour", "day");
        _verdict.AcceptOnlyFromAmong([.. AlertTerms.VerdictsKnown]);
    }

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_kind, _project, _team, _key, _feature, _model, _measure, _period, _limit, _count, _percent, _verdict, _budget,
            _owner, _reason])
        {
            command.Add(option);
        }
    }

    public SetAlertRuleBody Body(Invocation call) => new(
        Enum.Parse<AlertRuleKind>(call.Get(_kind), ignoreCase: true), call.Get(_owner), call.Get(_reason),
        new(call.Get(_project), call.Get(_team), call.Get(_key), call.Get(_feature), call.Get(_model)), Named<AlertMeasure>(call.Get(_measure)),
        Named<AlertPeriod>(call.Get(_period)), Arguments.AmountOrNull(call.Get(_limit)), call.Get(_count), call.Get(_percent),
        call.Get(_verdict) is { Length: > 0 } verdicts ? verdicts : null, call.Get(_budget));

    private static T? Named<T>(string? text)
        where T : struct, Enum => text is null ? null : Enum.Parse<T>(text, ignoreCase: true);

    private static Option<string?> Scope(string name) =>
        new($"--{name}") { Description = $"threshold, ratio: only usage of this {name}. Default: any.", HelpName = name.ToUpperInvariant() };
}
