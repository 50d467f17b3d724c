using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Metering;

namespace Tieout.Core.Attribution.Contracts;

/// <summary>Which keys telemetry, usage and billing share, so that their rows can be joined, and by what usage must be told apart (J1).</summary>
/// <param name="Name">Chosen by the platform.</param>
/// <param name="Version">A <see cref="ContractVersion"/>.</param>
/// <param name="OnViolation">What becomes of usage that breaks the contract.</param>
/// <param name="Keys">The keys of the join.</param>
/// <param name="Segmentation">What every billable record must say: a <see cref="ContractField"/>, or several of which one suffices, such as
/// <c>team or key</c>.</param>
/// <param name="Objective">The share of billable records that must be complete, above 0 and at most 1.</param>
public sealed record JoinContract(
    string Name, string Version, OnViolation OnViolation, IReadOnlyList<ContractKey> Keys, IReadOnlyList<string> Segmentation, decimal Objective = 0.99m)
{
    /// <summary>Between the alternatives of a segment.</summary>
    public const string Or = " or ";

    /// <summary>The fields of a segment of which one suffices.</summary>
    public static string[] Alternatives(string segment) => segment.Split(Or);

    /// <summary>What usage of a source must have: each is a list of fields of which one suffices. A part of a shared cost has no segment: it is of an
    /// org.</summary>
    public ImmutableArray<Requirement> Requirements(UsageSource source) =>
    [
        .. Keys.Where(key => key.Binds(source)).Select(key => new Requirement(key.Name, [ContractField.Find(key.Name)!])),
        .. (source == UsageSource.SharedCost ? [] : Segmentation)
            .Select(segment => new Requirement(segment, [.. Alternatives(segment).Select(name => ContractField.Find(name)!)])),
    ];

    public string ToJson() => JsonSerializer.Serialize(this, ContractJson.Default.JoinContract);

    /// <exception cref="JsonException">Not a contract's JSON.</exception>
    public static JoinContract Parse(string json) =>
        JsonSerializer.Deserialize(json, ContractJson.Default.JoinContract) ?? throw new JsonException("A join contract is null.");

    /// <summary>By value, lists included.</summary>
    public bool Equals(JoinContract? other) => other is not null && ToJson() == other.ToJson();

    public override int GetHashCode() => ToJson().GetHashCode(StringComparison.Ordinal);
}

/// <param name="Name">A <see cref="ContractField"/>.</param>
/// <param name="Nullable">A row may lack it.</param>
/// <param name="In">The books that carry it. Empty: all.</param>
/// <param name="Sources">The sources whose usage must carry it. Empty: all.</param>
public sealed record ContractKey(
    string Name, ContractKeyType Type, bool Nullable = false, IReadOnlyList<ContractBook>? In = null, IReadOnlyList<UsageSource>? Sources = null)
{
    /// <summary>Whether usage of a source must have it.</summary>
    public bool Binds(UsageSource source) =>
        !Nullable && IsIn(ContractBook.Usage) && (Sources is { Count: > 0 } ? Sources.Contains(source) : source != UsageSource.SharedCost);

    public bool IsIn(ContractBook book) => In is not { Count: > 0 } || In.Contains(book);
}

/// <summary>What a record must have: one of some fields.</summary>
/// <param name="Name">As the contract says it.</param>
public sealed record Requirement(string Name, ImmutableArray<ContractField> AnyOf);

/// <summary>Where rows come from that are joined.</summary>
public enum ContractBook
{
    Telemetry,
    Usage,
    Billing,
}

/// <summary>What usage that breaks a contract comes to. It is never dropped.</summary>
public enum OnViolation
{
    /// <summary>It is charged, and counted and listed as incomplete.</summary>
    Charge,

    /// <summary>It is put aside with the reason, and charged once when it is released. A call through the gateway is refused before it leaves.</summary>
    Quarantine,
}

/// <summary>The form of a key's values.</summary>
public enum ContractKeyType
{
    /// <summary>Any value that records may have.</summary>
    Name,

    /// <summary>A UUID with hyphens.</summary>
    Uuid,

    /// <summary>32 hexadecimal digits.</summary>
    Hex32,

    /// <summary>Decimal digits.</summary>
    Integer,
}

internal sealed class SnakeCaseEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false,
    NumberHandling = JsonNumberHandling.AllowReadingFromString, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [
        typeof(SnakeCaseEnum<OnViolation>), typeof(SnakeCaseEnum<ContractBook>), typeof(SnakeCaseEnum<ContractKeyType>), typeof(SnakeCaseEnum<UsageSource>),
    ])]
[JsonSerializable(typeof(JoinContract))]
internal sealed partial class ContractJson : JsonSerializerContext;
