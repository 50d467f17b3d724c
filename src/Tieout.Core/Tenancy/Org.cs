using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Money;

namespace Tieout.Core.Tenancy;

/// <summary>Who spends, and the unit of isolation: nothing of one org is ever read or moved for another.</summary>
/// <param name="Id">Chosen by the platform; see <see cref="Names"/>.</param>
/// <param name="Asset">What the org's amounts are amounts of. Never changes.</param>
/// <param name="CreditLineNanos">How far below zero the balance may go, in nano-units. Null: prepaid 0; postpaid without limit.</param>
/// <param name="TimeZone">IANA name of the zone in which the org's days and months are cut.</param>
public sealed record Org(string Id, string Asset, BillingMode Billing, Int128? CreditLineNanos, string TimeZone)
{
    /// <summary>The lowest balance that holds and charges may lead to. Null: no floor.</summary>
    [JsonIgnore]
    public Amount? Floor => (Billing, CreditLineNanos) switch
    {
        (_, { } line) => new Amount(-line),
        (BillingMode.Prepaid, null) => Amount.Zero,
        (_, null) => null,
    };

    public string ToJson() => JsonSerializer.Serialize(this, TenancyJson.Default.Org);

    /// <exception cref="JsonException">Not an org's JSON.</exception>
    public static Org Parse(string json) =>
        JsonSerializer.Deserialize(json, TenancyJson.Default.Org) ?? throw new JsonException("An org is null.");
}

[JsonConverter(typeof(JsonStringEnumConverter<BillingMode>))]
public enum BillingMode
{
    /// <summary>Money first: top-ups and grants, then charges.</summary>
    Prepaid,

    /// <summary>Charges first: the org owes what it spent.</summary>
    Postpaid,
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Org))]
[JsonSerializable(typeof(ApiKey))]
[JsonSerializable(typeof(OrgUnit))]
internal sealed partial class TenancyJson : JsonSerializerContext;
