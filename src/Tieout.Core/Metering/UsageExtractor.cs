using System.Collections.Immutable;
using System.Text.Json;

namespace Tieout.Core.Metering;

/// <summary>One field of a usage block and the units that its count adds to.</summary>
/// <param name="Required">Without it the block is not of this flavor.</param>
public sealed record CountField(FieldPath Path, bool Required, ImmutableArray<UsageUnit> Units);

/// <summary>How to read usage out of the responses of one API of one provider. Comes from the price catalogue.</summary>
/// <param name="flavor">Which API, for example <c>chat</c> or <c>responses</c>.</param>
/// <param name="block">Where the usage block lies in a response.</param>
/// <param name="model">Where the response names the model that answered.</param>
public sealed class UsageExtractor(string flavor, FieldPath block, FieldPath model, ImmutableArray<CountField> fields)
{
    public string Flavor => flavor;

    public FieldPath Block => block;

    public FieldPath Model => model;

    public ImmutableArray<CountField> Fields => fields;

    /// <summary>Reads a whole response, or any object that has the usage block and the model at the same places.</summary>
    public UsageReading Read(JsonElement response)
    {
        if (!TryFindBlock(response, out var usage)) return new UsageReading.Refused(UsageRefusal.NoUsage, block.ToString());
        if (Count(usage, out var counts) is { } refused) return refused;
        var evidence = UsageEvidence.Of(usage, counts, this);
        return new UsageReading.Measured(new(ReadModel(response), evidence.Units, evidence.ReportedCost, evidence.Flags, evidence.SubCalls));
    }

    /// <summary>As <see cref="Read(JsonElement)"/>; text that is not JSON has no usage.</summary>
    public UsageReading Read(ReadOnlyMemory<byte> response)
    {
        try
        {
            using var document = JsonDocument.Parse(response);
            return Read(document.RootElement);
        }
        catch (JsonException)
        {
            return new UsageReading.Refused(UsageRefusal.NoUsage, "$");
        }
    }

    /// <summary>The counts alone, without what else the block says; null where it cannot be read.</summary>
    public UnitCounts? ReadCounts(JsonElement response) =>
        TryFindBlock(response, out var usage) && Count(usage, out var counts) is null ? counts : null;

    /// <summary>The model that answered, as the provider names it; null where the response does not say.</summary>
    public string? ReadModel(JsonElement response) =>
        model.TryFind(response, out var name) && name.ValueKind is JsonValueKind.String ? name.GetString() : null;

    /// <summary>The counts of one usage block, or of anything shaped like one.</summary>
    internal UsageReading.Refused? Count(JsonElement usage, out UnitCounts counts)
    {
        counts = UnitCounts.None;
        var found = false;
        var sums = new List<(UsageUnit, long)>(fields.Length);
        foreach (var field in fields)
        {
            if (!field.Path.TryFind(usage, out var value)) return new(UsageRefusal.NotACount, field.Path.ToString());
            if (value.ValueKind is JsonValueKind.Undefined)
            {
                if (field.Required) return new(UsageRefusal.FieldMissing, field.Path.ToString());
                continue;
            }

            if (CountValue(value, out var count) is { } reason) return new(reason, field.Path.ToString());
            found = true;
            foreach (var unit in field.Units) sums.Add((unit, count));
        }

        if (!found) return new(UsageRefusal.NoUsage, block.ToString());
        var all = UnitCounts.Of([.. sums]);
        if (all.Counted.FirstOrDefault(counted => counted.Value > counted.Key.Max).Key is { } unitTooLarge)
        {
            return new(UsageRefusal.CountTooLarge, unitTooLarge.Name);
        }

        counts = all;
        return null;
    }

    private bool TryFindBlock(JsonElement response, out JsonElement usage) =>
        block.TryFind(response, out usage) && usage.ValueKind is JsonValueKind.Object;

    /// <summary>Whole numbers, also when written <c>12.0</c>, as some providers' clients do.</summary>
    private static UsageRefusal? CountValue(JsonElement value, out long count)
    {
        count = 0;
        if (value.ValueKind is not JsonValueKind.Number) return UsageRefusal.NotACount;
        if (!value.TryGetInt64(out count))
        {
            if (!value.TryGetDecimal(out var number)) return UsageRefusal.CountTooLarge;
            if (number < 0) return UsageRefusal.NegativeCount;
            if (number != decimal.Truncate(number)) return UsageRefusal.FractionalCount;
            if (number > UsageUnits.CountMax) return UsageRefusal.CountTooLarge;
            count = (long)number;
        }

        if (count < 0) return UsageRefusal.NegativeCount;
        return count > UsageUnits.CountMax ? UsageRefusal.CountTooLarge : null;
    }
}
