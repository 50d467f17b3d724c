using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Budgets;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Ledger;

/// <summary>The canonical text of commands that a person may submit: equal commands, equal text, and back. For proposals and audit records.</summary>
public static class CommandText
{
    public static string Write(Command command) => JsonSerializer.Serialize(Line(command), CommandTextJson.Default.WrittenCommand);

    /// <exception cref="FormatException">Not what <see cref="Write"/> writes.</exception>
    public static Command Parse(string text)
    {
        try
        {
            return Command(JsonSerializer.Deserialize(text, CommandTextJson.Default.WrittenCommand) ?? throw new JsonException("null"));
        }
        catch (JsonException error)
        {
            throw new FormatException("The text is not a command of this version.", error);
        }
    }

    private static WrittenCommand Line(Command command) => command switch
    {
        Command.TopUp c => new("top_up", c.Org, c.Id, Amount: c.Amount.ToString()),
        Command.Grant c => new("grant", c.Org, c.Id, Amount: c.Amount.ToString(), Number: c.Priority, At: c.ExpiresAt?.UnixMicros),
        Command.Correct c => new("correct", c.Org, c.Id, Amount: c.NewAmount?.ToString(), Number: c.Posting, Text: c.Reason, PostingRepair: c.IsPostingRepair),
        Command.ChargeRecorded c => new("charge_recorded", c.Org, c.Id, Number: c.Usage, Text: c.Reason),
        Command.Charge c => new("charge", c.Usage.Usage.Labels.Org, Priced: [WrittenUsage.Of(c.Usage)]),
        Command.Settle c => new("settle", c.Usage.Usage.Labels.Org, Priced: [WrittenUsage.Of(c.Usage), .. c.Inside.Select(WrittenUsage.Of)]),
        Command.ExpireHold c => new("expire_hold", "", c.Id.ToString()),
        Command.Recharge c => new("recharge", c.Org, Parts: [.. c.Parts.Select(Line)]),
        Command.Record c => new("record", c.Org, c.Name, Number: (long)c.Kind, Text: c.Body, Once: c.Once),
        Command.AddRecord c => new("add_record", c.Org, c.Name, Number: (long)c.Kind, Text: c.Body, Once: c.Once, Announcement: c.Announcement,
            Document: c.Document, Replaces: c.Replaces),
        Command.OpenOrg c => new("open_org", c.Org.Id, Text: c.Org.ToJson()),
        Command.SetBudget c => new("set_budget", c.Budget.Scope.Org, Text: c.Budget.ToJson()),
        Command.ClosePeriod c => new("close_period", c.Org, Text: c.Through.ToString()),
        Command.EndObject c => new("end_object", c.Org, c.Id, Number: (long)c.Kind, Text: c.Body),
        Command.Together c => new("together", c.Org, Parts: [.. c.Parts.Select(Line)]),
        _ => throw new ArgumentException($"No person can submit a {command.GetType().Name}.", nameof(command)),
    };

    private static Command Command(WrittenCommand line) => line.Kind switch
    {
        "top_up" => new Command.TopUp(line.Id!, line.Org, Money.Amount.Parse(line.Amount!)),
        "grant" => new Command.Grant(line.Id!, line.Org, Money.Amount.Parse(line.Amount!), (int)line.Number, line.At is { } at ? new Instant(at) : null),
        "correct" => new Command.Correct(line.Id!, line.Org, line.Number, line.Amount is { } amount ? Money.Amount.Parse(amount) : null,
            line.Text!)
        { IsPostingRepair = line.PostingRepair },
        "charge_recorded" => new Command.ChargeRecorded(line.Id!, line.Org, line.Number, line.Text!),
        "charge" => new Command.Charge(line.Priced![0].Usage(), Fact: true),
        "settle" => new Command.Settle(line.Priced![0].Usage()) { Inside = [.. line.Priced[1..].Select(part => part.Usage())] },
        "expire_hold" => new Command.ExpireHold(new(Guid.Parse(line.Id!))),
        "recharge" => new Command.Recharge(
            line.Org, [.. line.Parts!.Select(Command).OfType<Command.Correct>()], [.. line.Parts!.Select(Command).OfType<Command.Charge>()]),
        "record" => new Command.Record((SettingKind)line.Number, line.Org, line.Id!, line.Text!, line.Once),
        "add_record" => new Command.AddRecord((RecordKind)line.Number, line.Org, line.Id!, line.Text!,
            line.Once)
        { Announcement = line.Announcement, Document = line.Document, Replaces = line.Replaces },
        "open_org" => new Command.OpenOrg(Org.Parse(line.Text!)),
        "set_budget" => new Command.SetBudget(Budget.Parse(line.Text!)),
        "close_period" =>
            new Command.ClosePeriod(line.Org, Month.TryParse(line.Text!, out var month) ? month : throw new JsonException("The month is missing.")),
        "end_object" => new Command.EndObject(line.Org, (ObjectKind)line.Number, line.Id!, line.Text!),
        "together" => new Command.Together(line.Org, [.. line.Parts!.Select(Command)]),
        var kind => throw new JsonException($"'{kind}' is not a kind of command."),
    };
}

internal sealed record WrittenCommand(
    string Kind, string Org, string? Id = null, string? Amount = null, long Number = 0, long? At = null, string? Text = null, bool Once = false,
    bool PostingRepair = false, WrittenUsage[]? Priced = null, WrittenCommand[]? Parts = null, RecordAnnouncement? Announcement = null,
    BillingDocumentKind? Document = null, long? Replaces = null);

/// <summary>A priced usage record, complete.</summary>
internal sealed record WrittenUsage(
    Guid Id, WrittenLabels Labels, string Operation, int AttemptNo, string? Workflow, string? Correlation, string? Trace, string? EndUser, long OccurredAt,
    int DurationMs, int StatusCode, long Input, long CacheRead, long CacheWrite, long Output, long Reasoning, string? More, UsageBasis Basis, UsageFlags Flags,
    string? Price, Int128 ProviderCostNanos, Int128 ChargeNanos)
{
    public static WrittenUsage Of(PricedUsage priced)
    {
        var (usage, counts) = (priced.Usage, priced.Usage.Counts);
        return new(
            usage.Id.Value, WrittenLabels.Of(usage.Labels), usage.OperationId, usage.AttemptNo, usage.WorkflowId, usage.CorrelationId, usage.TraceId,
            usage.EndUser,
            usage.OccurredAt.UnixMicros, usage.DurationMs, usage.StatusCode, counts.InputTokens, counts.CacheReadTokens, counts.CacheWriteTokens,
            counts.OutputTokens, counts.ReasoningTokens, counts.More, usage.Basis, usage.Flags, priced.Price?.ToJson(), priced.ProviderCost.Nanos,
            priced.Charge.Nanos);
    }

    public PricedUsage Usage() => new(
        new(
            new(Id), Labels.Labels(), Operation, AttemptNo, Workflow, Correlation, Trace, EndUser, new(OccurredAt), DurationMs, StatusCode,
            new(Input, CacheRead, CacheWrite, Output, Reasoning, More), Basis, Flags),
        Price is null ? null : ResolvedPrice.Parse(Price), new(ProviderCostNanos), new(ChargeNanos));
}

internal sealed record WrittenLabels(
    string Org, string? Project, string? Team, string? Key, string? Feature, string? Provider, string? Model, UsageSource Source, string? Trigger,
    WrittenRuntime? Runtime)
{
    public static WrittenLabels Of(UsageLabels labels) => new(
        labels.Org, labels.Project, labels.Team, labels.Key, labels.Feature, labels.Provider, labels.Model, labels.Source, labels.Trigger,
        labels.Runtime is { } r ? new(r.AppInstance, r.Component, r.IsControlPlane, r.OperatingMode, r.ControlPlaneScope, r.Backend) : null);

    public UsageLabels Labels() => new()
    {
        Org = Org,
        Project = Project,
        Team = Team,
        Key = Key,
        Feature = Feature,
        Provider = Provider,
        Model = Model,
        Source = Source,
        Trigger = Trigger,
        Runtime = Runtime is { } r ? new(r.AppInstance, r.Component, r.IsControlPlane, r.OperatingMode, r.ControlPlaneScope, r.Backend) : null,
    };
}

internal sealed record WrittenRuntime(
    string? AppInstance, string? Component, bool IsControlPlane, string? OperatingMode, string? ControlPlaneScope, string? Backend);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(WrittenCommand))]
internal sealed partial class CommandTextJson : JsonSerializerContext;
