namespace Tieout.Core.Metering;

/// <summary>Something that providers count and charge for, with what sets it apart from other units of its family.</summary>
/// <remarks>
/// A null says "of any": <c>input_tokens</c> are tokens of direction input, of any modality and any type, and so include
/// <c>cache_read_tokens</c>. That is the one relation that pricing knows: see <see cref="IsPartOf"/>.
/// </remarks>
/// <param name="Name">Stable, snake_case: what records, price lists and exports call it.</param>
/// <param name="Per">How many of it a rate is quoted for, for example 1,000,000 tokens or 3,600 seconds.</param>
/// <param name="Family">Units of different families are never parts of each other.</param>
/// <param name="Direction"><c>input</c>, <c>output</c> or neither.</param>
/// <param name="Lifetime">Of a cache write.</param>
public sealed record UsageUnit(
    string Name, long Per, string Family, string? Direction = null,
    string? Modality = null, string? Type = null, string? Lifetime = null)
{
    /// <summary>Place in <see cref="UsageUnits.All"/>.</summary>
    internal int Index { get; init; }

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
