using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Tieout.Core.Attribution.Contracts;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Server.Http;

namespace Tieout.Server.Ingest;

/// <summary>Usage that broke a join contract: put aside whole, not charged, until a person releases it.</summary>
/// <param name="UsageId">The usage record that it will be. It counts once, whoever releases it and however often.</param>
/// <param name="Contract">The contract that put it aside, in its version at that time.</param>
/// <param name="Lacks">What it lacks, as the contract says it.</param>
/// <param name="WrongForm">Keys whose value has another form than the contract says.</param>
/// <param name="State">waiting, released, or superseded: its sender sent it complete, and that was charged.</param>
/// <param name="SentBy">The key or token that handed it in.</param>
/// <param name="ModelAsked">The model that was asked for, where another one answered.</param>
/// <param name="Flags">What was odd about its counts; see <see cref="UsageFlags"/>.</param>
/// <param name="Item">The usage as <c>POST /usage</c> takes it.</param>
/// <param name="ChangedBy">Who repaired or released it last; null: nobody.</param>
/// <param name="Reason">Why.</param>
public sealed record QuarantinedEvent(
    string UsageId, string Org, string Contract, string Version, IReadOnlyList<string> Lacks, IReadOnlyList<string> WrongForm, string State,
    string SentBy, string? ModelAsked, int Flags, JsonElement Item, string? ChangedBy = null, string? Reason = null)
{
    public const string Waiting = "waiting";
    public const string Released = "released";
    public const string Superseded = "superseded";

    internal static RecordKey KeyOf(string org, AttemptId id) => new(RecordKind.QuarantinedEvent, org, id.ToString());

    /// <summary>Puts usage aside that nobody put aside before.</summary>
    internal static Command.AddRecord Put(
        UsageItem item, UsageRecord usage, JoinContract contract, IReadOnlyList<ContractBreach> breaches, string sentBy)
    {
        var aside = new QuarantinedEvent(
            usage.Id.ToString(), usage.Labels.Org, contract.Name, contract.Version, [], [], Waiting, sentBy, item.ModelAsked, (int)item.Flags,
            UsageItemJson.Write(item));
        return aside.Because(breaches).Record(replaces: 0) with
        {
            Announcement = new(new RecordMessage($"quarantined/{usage.Id}", "usage.quarantined")),
        };
    }

    /// <summary>The same, with what it breaks now.</summary>
    internal QuarantinedEvent Because(IReadOnlyList<ContractBreach> breaches) => this with
    {
        Lacks = [.. breaches.Where(breach => breach.Type is null).Select(breach => breach.Requirement)],
        WrongForm = [.. breaches.Where(breach => breach.Type is not null).Select(breach => breach.Requirement)],
    };

    /// <param name="replaces">Number of the record that was read.</param>
    internal Command.AddRecord Record(long replaces) =>
        new(RecordKind.QuarantinedEvent, Org, UsageId, JsonSerializer.Serialize(this, QuarantineJson.Default.QuarantinedEvent), Once: false)
        {
            Replaces = replaces,
        };

    /// <exception cref="JsonException">Not an event's JSON.</exception>
    internal static QuarantinedEvent Parse(string json) =>
        JsonSerializer.Deserialize(json, QuarantineJson.Default.QuarantinedEvent) ?? throw new JsonException("An event in quarantine is null.");

    /// <summary>It as an item to be charged.</summary>
    internal UsageItem ToItem()
    {
        var item = PlainUsage.Read(JsonSerializer.SerializeToUtf8Bytes([Item], QuarantineJson.Default.JsonElementArray))[0];
        (item.ModelAsked, item.IsReleased) = (ModelAsked, true);
        item.Flags |= (UsageFlags)Flags;
        return item;
    }
}

/// <summary>The JSON of events in quarantine: snake_case, unknown members refused.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(JsonElement[]))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(QuarantinedEvent))]
[JsonSerializable(typeof(QuarantinedEventListBody))]
[JsonSerializable(typeof(ReleaseEventBody))]
[JsonSerializable(typeof(RepairEventBody))]
public sealed partial class QuarantineJson : JsonSerializerContext;
