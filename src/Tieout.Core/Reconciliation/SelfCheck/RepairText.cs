using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Ledger;
using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation.SelfCheck;

/// <summary>The text of a repair in the record of its finding, so that any node can carry it out at any time. Kinds and members are stored and never
/// change.</summary>
public sealed class RepairText : JsonConverter<Repair>
{
    public override Repair Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Of(JsonSerializer.Deserialize(ref reader, RepairTextJson.Default.WrittenRepair) ?? throw new JsonException("A repair is null."));

    public override void Write(Utf8JsonWriter writer, Repair value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, Line(value), RepairTextJson.Default.WrittenRepair);

    /// <summary>Equal repairs, equal text.</summary>
    public static string Write(Repair repair) => JsonSerializer.Serialize(Line(repair), RepairTextJson.Default.WrittenRepair);

    /// <exception cref="JsonException">Not what <see cref="Write(Repair)"/> writes.</exception>
    public static Repair Parse(string text) =>
        Of(JsonSerializer.Deserialize(text, RepairTextJson.Default.WrittenRepair) ?? throw new JsonException("A repair is null."));

    private static WrittenRepair Line(Repair repair) => repair switch
    {
        Repair.Reverse r => new("reverse", Posting: r.Posting, Amount: Text(r.Posted), Anew: Text(r.Anew)),
        Repair.ChargeRecorded r => new("charge_recorded", Usage: r.Usage, Amount: Text(r.Charge)),
        Repair.Relabel r => new("relabel", Posting: r.Posting, Priced: WrittenUsage.Of(r.Charge), Name: r.WrongOrg, Text: r.Changes),
        Repair.Rebuild => new("rebuild"),
        Repair.EndHold r => new("end_hold", Attempt: r.Hold.Value),
        Repair.Credit r => new("credit", Name: r.Invoice, Amount: Text(r.Net), Text: r.Reason),
        Repair.Meter r => new("meter", Name: r.Runtime, Component: r.Component, Day: r.Day, Amount: Text(r.Charge)),
        Repair.MeterAnew r => new("meter_anew", Name: r.Runtime, Day: r.Day, Amount: Text(r.Change)),
        Repair.RecordUsage r => new("record_usage", Attempt: r.Id.Value, Labels: WrittenLabels.Of(r.Labels), Operation: r.OperationId, EndUser: r.EndUser,
            At: r.At.UnixMicros, Amount: Text(r.Held)),
        Repair.RestoreRow r => new("restore_row", Name: r.Table, Text: r.Row),
        Repair.ReplaySpool => new("replay_spool"),
        Repair.Decide r => new("decide", Posting: r.Posting, Text: r.Question),
        _ => throw new ArgumentException($"No text for {repair}.", nameof(repair)),
    };

    private static Repair Of(WrittenRepair line) => line.Kind switch
    {
        "reverse" => new Repair.Reverse(line.Posting, Amount(line.Amount)!.Value, Amount(line.Anew)),
        "charge_recorded" => new Repair.ChargeRecorded(line.Usage, Amount(line.Amount)!.Value),
        "relabel" => new Repair.Relabel(line.Priced!.Usage(), line.Name!, line.Posting, line.Text!),
        "rebuild" => new Repair.Rebuild(Drift: null),
        "end_hold" => new Repair.EndHold(new(line.Attempt)),
        "credit" => new Repair.Credit(line.Name!, Amount(line.Amount)!.Value, line.Text!),
        "meter" => new Repair.Meter(line.Name!, line.Component!, line.Day, Amount(line.Amount)),
        "meter_anew" => new Repair.MeterAnew(line.Name!, line.Day, Amount(line.Amount)),
        "record_usage" => new Repair.RecordUsage(new(line.Attempt), line.Labels!.Labels(), line.Operation!, line.EndUser, new(line.At), Amount(line.Amount)),
        "restore_row" => new Repair.RestoreRow(line.Name!, line.Text!),
        "replay_spool" => new Repair.ReplaySpool(),
        "decide" => new Repair.Decide(line.Posting, line.Text!),
        var kind => throw new JsonException($"'{kind}' is not a kind of repair."),
    };

    private static string? Text(Amount? amount) => amount?.ToString();

    private static Amount? Amount(string? text) => text is null ? null : Money.Amount.Parse(text);
}

/// <param name="Name">An org, an invoice, an instance or a table.</param>
/// <param name="Attempt">A hold or a usage record.</param>
internal sealed record WrittenRepair(
    string Kind, long Posting = 0, string? Amount = null, string? Anew = null, long Usage = 0, WrittenUsage? Priced = null, string? Name = null,
    string? Component = null, string? Text = null,
    long Day = 0, Guid Attempt = default, WrittenLabels? Labels = null, string? Operation = null, string? EndUser = null, long At = 0);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(WrittenRepair))]
internal sealed partial class RepairTextJson : JsonSerializerContext;
