using Tieout.Core.Metering;

namespace Tieout.Core.Attribution.Contracts;

/// <summary>What a usage record lacks of a contract, or has in another form.</summary>
/// <param name="Requirement">As the contract says it, such as <c>team or key</c>.</param>
/// <param name="Type">The form that its value does not have; null: it has no value.</param>
public sealed record ContractBreach(string Requirement, ContractKeyType? Type)
{
    /// <summary>All of them, in the order of the contract; empty: the record keeps it.</summary>
    public static IReadOnlyList<ContractBreach> Of(JoinContract contract, UsageRecord usage)
    {
        var breaches = new List<ContractBreach>();
        foreach (var key in contract.Keys)
        {
            var value = ContractField.Find(key.Name)!.Of(usage);
            if (value is null && key.Binds(usage.Labels.Source)) breaches.Add(new(key.Name, null));
            else if (value is not null && !Has(value, key.Type)) breaches.Add(new(key.Name, key.Type));
        }

        foreach (var segment in contract.Segmentation)
        {
            if (JoinContract.Alternatives(segment).All(name => ContractField.Find(name)!.Of(usage) is null)) breaches.Add(new(segment, null));
        }

        return breaches;
    }

    private static bool Has(string value, ContractKeyType type) => type switch
    {
        ContractKeyType.Uuid => Guid.TryParseExact(value, "D", out _),
        ContractKeyType.Hex32 => value.Length == 32 && value.All(char.IsAsciiHexDigit),
        ContractKeyType.Integer => value.All(char.IsAsciiDigit),
        _ => true,
    };
}
