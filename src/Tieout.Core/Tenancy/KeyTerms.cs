using System.Text.Json.Serialization;
using Tieout.Core.Money;

namespace Tieout.Core.Tenancy;

/// <summary>What limits a key beyond its org and team. Null: not limited.</summary>
/// <param name="ExpiresAt">From then on the key is refused.</param>
/// <param name="PreviousSha256">The hash of the secret before the last rotation, which stays good until <paramref name="PreviousUntil"/>.</param>
/// <param name="Models">What it may ask for, by the names clients use; one <c>*</c> at the end stands for anything.</param>
/// <param name="Scopes">Names of <see cref="KeyScope.All"/>, or <see cref="KeyScope.Inference"/>. Null: inference only.</param>
/// <param name="FactsPerCallNanos">See <see cref="FactsPerCall"/>. Null: <see cref="FactsPerCallDefault"/>.</param>
/// <param name="FactsPerDayNanos">See <see cref="FactsPerDay"/>. Null: <see cref="FactsPerDayDefault"/>.</param>
/// <param name="Addresses">Networks that it may be used from, as <see cref="AddressList.TryNormalize"/> writes them.</param>
/// <param name="Pins">Tags that its requests always have.</param>
/// <param name="Metadata">The platform's own notes; at most <see cref="MetadataMax"/>.</param>
public sealed record KeyTerms(
    DateTimeOffset? ExpiresAt = null, string? PreviousSha256 = null, DateTimeOffset? PreviousUntil = null,
    IReadOnlyList<string>? Models = null, IReadOnlyList<string>? Scopes = null, IReadOnlyDictionary<string, string>? Metadata = null,
    Int128? FactsPerCallNanos = null, Int128? FactsPerDayNanos = null,
    IReadOnlyList<string>? Addresses = null, KeyPins? Pins = null)
{
    public const int MetadataMax = 32;
    public const int ModelsMax = 256;

    /// <summary>Characters of one value of <see cref="Metadata"/>.</summary>
    public const int MetadataValueMax = 512;

    public static readonly Amount FactsPerCallDefault = Amount.Major(10);
    public static readonly Amount FactsPerDayDefault = Amount.Major(100);

    public static KeyTerms None { get; } = new();

    /// <summary>With <see cref="KeyScope.UsageFacts"/>: charges of one call beyond this sum are refused where the org has no room for them. In major units of
    /// the org's asset.</summary>
    [JsonIgnore]
    public Amount FactsPerCall => FactsPerCallNanos is { } nanos ? new(nanos) : FactsPerCallDefault;

    /// <summary>With <see cref="KeyScope.UsageFacts"/>: how far one day's charges may take the org beyond a hard limit. In major units of the org's
    /// asset.</summary>
    [JsonIgnore]
    public Amount FactsPerDay => FactsPerDayNanos is { } nanos ? new(nanos) : FactsPerDayDefault;

    public bool AllowsModel(string model)
    {
        if (Models is null) return true;
        foreach (var allowed in Models)
        {
            var fits = allowed.EndsWith('*') ? model.StartsWith(allowed.AsSpan(0, allowed.Length - 1), StringComparison.Ordinal) : model == allowed;
            if (fits) return true;
        }

        return false;
    }

    /// <summary>Without scopes of its own a key has <see cref="KeyScope.Inference"/>.</summary>
    public bool Allows(KeyScope scope) =>
        Scopes is null ? scope.IsInference : Scopes.Contains(scope.Name) || (scope.IsInference && Scopes.Contains(KeyScope.Inference));
}
