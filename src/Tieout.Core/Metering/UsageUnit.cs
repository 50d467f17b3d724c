namespace Tieout.Core.Metering;

/// <summary>Something that providers count and charge for, with what sets it apart from other units of its family.</summary>
/// <remarks>
/// A null says "of any": <c>input_tokens</c> are tokens of direction input, of any modality and any type, and so include
/// <c>cache_read_tokens</c>. That is the one relation that pricing knows: see <see cref="IsPartOf"/>.
/// </remarks>
public sealed class UsageUnit
{
    internal UsageUnit(
        string name, long per, string family, string? direction = null, string? modality = null, string? type = null, string? lifetime = null) =>
        (Name, Per, Family, Direction, Modality, Type, Lifetime) = (name, per, family, direction, modality, type, lifetime);

    /// <summary>Stable, snake_case: what records, price lists and exports call it.</summary>
    public string Name { get; }

    /// <summary>How many of it a rate is quoted for, for example 1,000,000 tokens or 3,600 seconds.</summary>
    public long Per { get; }

    /// <summary>The most that one record may count of it. Tokens are bounded more tightly where the model's window is known: see <c>CountLimits</c>.</summary>
    public long Max => UsageUnits.MaxOf(Family);

    /// <summary>Units of different families are never parts of each other.</summary>
    public string Family { get; }

    /// <summary><c>input</c>, <c>output</c> or neither.</summary>
    public string? Direction { get; }

    public string? Modality { get; }

    public string? Type { get; }

    /// <summary>Of a cache write.</summary>
    public string? Lifetime { get; }

    /// <summary>Place in <see cref="UsageUnits.All"/>.</summary>
    internal int Index { get; set; }

    /// <summary>How much is said about it: a part always says more than its whole.</summary>
    internal int Depth =>
        (Direction is null ? 0 : 1) + (Modality is null ? 0 : 1) + (Type is null ? 0 : 1) + (Lifetime is null ? 0 : 1);

    /// <summary>Whether each of this unit is also one of <paramref name="whole"/>. A unit is no part of itself.</summary>
    public bool IsPartOf(UsageUnit whole) =>
        this != whole && Family == whole.Family && Agrees(Direction, whole.Direction) && Agrees(Modality, whole.Modality)
        && Agrees(Type, whole.Type) && Agrees(Lifetime, whole.Lifetime);

    public override string ToString() => Name;

    private static bool Agrees(string? mine, string? wholes) => wholes is null || mine == wholes;
}
