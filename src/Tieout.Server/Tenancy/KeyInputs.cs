using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Tenancy;

/// <summary>What callers say of a key's limits, read strictly.</summary>
internal static class KeyInputs
{
    /// <param name="project">The key's own; null: none.</param>
    /// <param name="standing">The terms that it had: what a rotation left stays.</param>
    public static KeyTerms Terms(KeyTermsBody body, KeyTerms standing, string? project, TimeZoneInfo zone, TimeProvider time) => standing with
    {
        ExpiresAt = Future(body.ExpiresAt, zone, time),
        Models = Models(body.Models),
        Scopes = Scopes(body.Scopes),
        Metadata = Metadata(body.Metadata),
        FactsPerCallNanos = NotNegative(body.FactsPerCall, "facts_per_call"),
        FactsPerDayNanos = NotNegative(body.FactsPerDay, "facts_per_day"),
        Addresses = Addresses(body.Addresses),
        Pins = Pins(body.Pins, project),
    };

    public static DateTimeOffset? Future(string? text, TimeZoneInfo zone, TimeProvider time)
    {
        if (text is null) return null;
        var at = Inputs.Time(text, zone).ToDateTimeOffset();
        return at > time.GetUtcNow() ? at : throw Wrong(ApiError.AlreadyExpired, $"'{Inputs.Shown(text)}' is in the past.");
    }

    private static IReadOnlyList<string>? Models(IReadOnlyList<string>? models)
    {
        if (models is null) return null;
        if (models.Count is 0 or > KeyTerms.ModelsMax)
        {
            throw Wrong(ApiError.ParameterInvalid, $"Name 1 to {KeyTerms.ModelsMax} models, or leave them out to allow all.");
        }

        foreach (var model in models)
        {
            var name = model.EndsWith('*') ? model[..^1] : model;
            if (model != "*" && !Names.IsValid(name))
            {
                throw Wrong(ApiError.NameInvalid, $"'{Inputs.Shown(model)}' is not a model's name, with at most one * at its end.");
            }
        }

        return models;
    }

    private static IReadOnlyList<string>? Scopes(IReadOnlyList<string>? scopes)
    {
        if (scopes is null) return null;
        if (scopes.Count == 0) throw Wrong(ApiError.ParameterInvalid, "Name at least one scope, or leave them out to allow inference only.");
        foreach (var scope in scopes)
        {
            if (!KeyScope.IsKnown(scope))
            {
                throw Wrong(ApiError.ParameterInvalid,
                    $"'{Inputs.Shown(scope)}' is not a scope: use {KeyScope.Inference} (every scope before {KeyScope.UsageFacts}) or {string.Join(", ", KeyScope.All)}.");
            }
        }

        return scopes;
    }

    private static List<string>? Addresses(IReadOnlyList<string>? addresses)
    {
        if (addresses is null) return null;
        if (addresses.Count is 0 or > AddressList.Max)
        {
            throw Wrong(ApiError.ParameterInvalid, $"Name 1 to {AddressList.Max} addresses or networks, or leave them out to allow all.");
        }

        return [.. addresses.Select(address => address is not null && AddressList.TryNormalize(address, out var normal) ? normal
            : throw Wrong(ApiError.ParameterInvalid,
                $"'{Inputs.Shown(address ?? "null")}' is not an address or a network. Write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32, with no bits after the prefix."))];
    }

    private static KeyPins? Pins(KeyPins? pins, string? project)
    {
        if (pins is null) return null;
        foreach (var (tag, value) in (ReadOnlySpan<(string, string?)>)[("project", pins.Project), ("feature", pins.Feature), ("user", pins.User)])
        {
            if (value is null) continue;
            Inputs.Name(value, $"pins.{tag}");
            if (value == UsageLabels.Other)
            {
                throw Wrong(ApiError.ParameterInvalid, $"'{value}' stands for every {tag} above the org's limit, so it cannot be pinned. Pin another {tag}.");
            }
        }

        if (project is not null && pins.Project is not null && pins.Project != project)
        {
            throw Wrong(ApiError.ParameterInvalid, $"The key is project '{project}'s. Pin that project or none.");
        }

        return pins == new KeyPins() ? null : pins;
    }

    private static IReadOnlyDictionary<string, string>? Metadata(IReadOnlyDictionary<string, string>? metadata)
    {
        if (metadata is null) return null;
        if (metadata.Count > KeyTerms.MetadataMax) throw Wrong(ApiError.ParameterInvalid, $"A key has at most {KeyTerms.MetadataMax} notes.");
        foreach (var (name, value) in metadata)
        {
            Inputs.Name(name, "metadata");
            if (value is null || value.Length > KeyTerms.MetadataValueMax)
            {
                throw Wrong(ApiError.ParameterInvalid, $"The note '{Inputs.Shown(name)}' is longer than {KeyTerms.MetadataValueMax} characters.");
            }
        }

        return metadata;
    }

    private static Int128? NotNegative(Amount? amount, string name) =>
        amount is null || (amount >= Amount.Zero && amount <= Amount.TransferMax)
            ? amount?.Nanos : throw Wrong(ApiError.AmountInvalid, $"'{amount}' is not a cap ({name}): use 0 to {Amount.TransferMax}.");

    private static ApiRefusedException Wrong(ApiError error, string what) => new(error, what);
}
