using Tieout.Core.Metering;

namespace Tieout.Core.Attribution.Contracts;

/// <summary>A difference between two versions of a contract.</summary>
/// <param name="Breaks">Whom it breaks; null: nobody.</param>
/// <param name="Text">One sentence.</param>
public sealed record ContractChange(ContractSide? Breaks, string Text)
{
    /// <summary>Every difference, those of keys first.</summary>
    public static IReadOnlyList<ContractChange> Between(JoinContract old, JoinContract next)
    {
        var changes = new List<ContractChange>();
        foreach (var key in old.Keys)
        {
            if (next.Keys.FirstOrDefault(other => other.Name == key.Name) is { } kept) OfKey(changes, key, kept);
            else changes.Add(new(ContractSide.Readers, $"The key {key.Name} is gone: joins by it find nothing."));
        }

        foreach (var key in next.Keys.Where(key => old.Keys.All(other => other.Name != key.Name)))
        {
            changes.Add(key.Nullable
                ? new(null, $"The key {key.Name} is new, and rows may lack it.")
                : new(ContractSide.Senders, $"The key {key.Name} is new and required: usage without it breaks the contract."));
        }

        changes.AddRange(old.Segmentation.Except(next.Segmentation)
            .Select(segment => new ContractChange(ContractSide.Readers, $"The segment '{segment}' is no longer required: reports by it have gaps.")));
        changes.AddRange(next.Segmentation.Except(old.Segmentation)
            .Select(segment => new ContractChange(ContractSide.Senders, $"The segment '{segment}' is required now: usage without it breaks the contract.")));
        OfWhole(changes, old, next);
        return changes;
    }

    /// <summary>Why a version may not follow another; null: it may.</summary>
    public static string? Refusal(JoinContract old, JoinContract next)
    {
        var (from, to) = (ContractVersion.Parse(old.Version), ContractVersion.Parse(next.Version));
        if (to.CompareTo(from) <= 0) return $"Version {to} does not come after {from}. Write a higher one.";
        return to.Major == from.Major && Between(old, next).FirstOrDefault(change => change.Breaks is not null) is { } breaking
            ? $"{breaking.Text} That breaks those who {Do(breaking.Breaks!.Value)}, so the version must be {from.Major + 1}.0.0 or higher." : null;
    }

    private static void OfKey(List<ContractChange> changes, ContractKey old, ContractKey next)
    {
        if (old.Type != next.Type)
        {
            changes.Add(next.Type is ContractKeyType.Name
                ? new(ContractSide.Readers, $"The key {old.Name} may have any form now, where it was {ContractNames.Of(old.Type)}.")
                : new(ContractSide.Senders, $"The key {old.Name} must be {ContractNames.Of(next.Type)} now, where it was {ContractNames.Of(old.Type)}."));
        }

        if (old.Nullable != next.Nullable)
        {
            changes.Add(next.Nullable
                ? new(ContractSide.Readers, $"Rows may lack the key {old.Name} now: they are missing from joins by it.")
                : new(ContractSide.Senders, $"Rows may no longer lack the key {old.Name}."));
        }

        foreach (var book in Enum.GetValues<ContractBook>().Where(book => old.IsIn(book) != next.IsIn(book)))
        {
            changes.Add(next.IsIn(book)
                ? new(ContractSide.Senders, $"{book} must carry the key {old.Name} now.")
                : new(ContractSide.Readers, $"{book} need not carry the key {old.Name} any more."));
        }

        foreach (var source in Enum.GetValues<UsageSource>().Where(source => old.Nullable == next.Nullable && old.Binds(source) != next.Binds(source)
            && old.IsIn(ContractBook.Usage) && next.IsIn(ContractBook.Usage)))
        {
            changes.Add(next.Binds(source)
                ? new(ContractSide.Senders, $"Usage of the source {ContractNames.Of(source)} must carry the key {old.Name} now.")
                : new(ContractSide.Readers, $"Usage of the source {ContractNames.Of(source)} need not carry the key {old.Name} any more."));
        }
    }

    private static void OfWhole(List<ContractChange> changes, JoinContract old, JoinContract next)
    {
        if (old.Objective != next.Objective) changes.Add(new(null, $"The objective is {next.Objective} now, where it was {old.Objective}."));
        if (old.OnViolation == next.OnViolation) return;
        changes.Add(next.OnViolation is OnViolation.Quarantine
            ? new(ContractSide.Senders, "Usage that breaks the contract is put aside now, where it was charged, and calls that break it are refused.")
            : new(null, "Usage that breaks the contract is charged now, where it was put aside."));
    }

    private static string Do(ContractSide side) => side is ContractSide.Senders ? "send usage" : "read and join it";
}

/// <summary>Who relies on a contract.</summary>
public enum ContractSide
{
    /// <summary>Those who send usage: what was fine is refused or incomplete.</summary>
    Senders,

    /// <summary>Those who join and report: what they relied on may be missing.</summary>
    Readers,
}
