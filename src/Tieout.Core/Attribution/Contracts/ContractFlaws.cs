using Tieout.Core.Tenancy;

namespace Tieout.Core.Attribution.Contracts;

/// <summary>Why a contract cannot be.</summary>
public static class ContractFlaws
{
    private const int KeysMax = 32;

    /// <summary>A version's record is named by contract and version.</summary>
    private const int NameMax = 64;

    /// <returns>The first flaw, as one sentence that says what to do; null: the contract can be.</returns>
    public static string? Of(JoinContract contract)
    {
        if (!Names.IsValid(contract.Name) || contract.Name.Length > NameMax || contract.Name.Contains('/'))
        {
            return $"The contract needs a name of 1 to {NameMax} letters, digits or _ . : @ + -, beginning with a letter or digit.";
        }

        if (!ContractVersion.TryParse(contract.Version, out _))
        {
            return $"The version '{contract.Version}' is not a semantic version: write three numbers, such as 1.0.0.";
        }

        if (contract.Objective is <= 0 or > 1) return $"The objective {contract.Objective} is no share: write a number above 0 and at most 1, such as 0.99.";
        if (contract.Keys.Count == 0 && contract.Segmentation.Count == 0) return "The contract asks for nothing: list keys, segmentation, or both.";
        if (Math.Max(contract.Keys.Count, contract.Segmentation.Count) > KeysMax) return $"A contract may have at most {KeysMax} keys and {KeysMax} segments.";
        return contract.Keys.Select(key => OfKey(contract, key)).Concat(contract.Segmentation.Select(segment => OfSegment(contract, segment)))
            .FirstOrDefault(flaw => flaw is not null);
    }

    /// <summary>What a contract asks that another, which is in force too, forbids.</summary>
    /// <returns>As one sentence; null: both can be in force.</returns>
    public static string? Between(JoinContract contract, IEnumerable<JoinContract> others)
    {
        foreach (var other in others.Where(other => other.Name != contract.Name))
        {
            foreach (var key in contract.Keys)
            {
                if (other.Keys.FirstOrDefault(theirs => theirs.Name == key.Name) is not { } known || known.Type == key.Type) continue;
                if (known.Type is ContractKeyType.Name || key.Type is ContractKeyType.Name) continue;
                return $"The contract '{other.Name}' says that {key.Name} is {ContractNames.Of(known.Type)}, and this one says {ContractNames.Of(key.Type)}: no value is both. Change one of them.";
            }
        }

        return null;
    }

    private static string? OfKey(JoinContract contract, ContractKey key)
    {
        if (ContractField.Find(key.Name) is not { } field) return Unknown(key.Name);
        if (contract.Keys.Count(other => other.Name == key.Name) > 1) return $"The key {key.Name} is listed twice. List it once.";
        if (key.Nullable && field.IsAlwaysThere) return $"Every record has {key.Name}, so it cannot be nullable. Leave nullable out.";
        if (key.Nullable && contract.Segmentation.Contains(key.Name))
        {
            return $"The contract contradicts itself: {key.Name} is nullable as a key and required by the segmentation. Take out one of them.";
        }

        return key.Nullable && key.Sources is { Count: > 0 }
            ? $"The contract contradicts itself: {key.Name} is nullable, and sources says who must carry it. Take out one of them." : null;
    }

    private static string? OfSegment(JoinContract contract, string segment)
    {
        if (contract.Segmentation.Count(other => other == segment) > 1) return $"The segment '{segment}' is listed twice. List it once.";
        return JoinContract.Alternatives(segment).Where(name => ContractField.Find(name) is null).Select(Unknown).FirstOrDefault();
    }

    private static string Unknown(string name) =>
        $"'{name}' is not a field of usage: it is one of {string.Join(", ", ContractField.All.Select(field => field.Name))}.";
}
