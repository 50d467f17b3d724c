using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Tieout.Core.Money;

namespace Tieout.Core.Metering;

/// <summary>What a usage block says beside its counts, held against them: totals, calls within the call, the provider's own cost.</summary>
internal readonly record struct UsageEvidence(
    UnitCounts Units, decimal? ReportedCost, UsageFlags Flags, ImmutableArray<SubCall> SubCalls)
{
    /// <summary>In major units. A response that claims to have cost more is not believed.</summary>
    private const decimal CostMax = (decimal)UsageUnits.CountMax / Amount.NanosPerUnit;

    private static readonly FieldPath ToolCallsExecuted = FieldPath.Parse("server_tool_use_details.tool_calls_executed");

    private static readonly string[] TotalFields = ["total_tokens", "totalTokens", "totalTokenCount"];

    public static UsageEvidence Of(JsonElement usage, UnitCounts counts, UsageExtractor extractor)
    {
        var flags = Totals(usage, counts) | Parts(counts);
        var subCalls = SubCallsIn(usage, counts, extractor, ref flags);
        var cost = CostIn(usage, ref flags);
        var units = cost is { } reported ? counts.Plus(UnitCounts.Of((UsageUnits.ReportedCost, (long)Amount.RoundHalfEven(reported).Nanos))) : counts;
        return new(units, cost, flags, subCalls);
    }

    private static UsageFlags Totals(JsonElement usage, UnitCounts counts)
    {
        var parts = (decimal)counts[UsageUnits.InputTokens] + counts[UsageUnits.OutputTokens];
        var disagrees = TotalFields.Any(field => usage.TryGetProperty(field, out var total)
            && total.ValueKind is not JsonValueKind.Null
            && (total.ValueKind is not JsonValueKind.Number || !total.TryGetDecimal(out var said) || said != parts));
        return disagrees ? UsageFlags.TotalMismatch : UsageFlags.None;
    }

    private static UsageFlags Parts(UnitCounts counts)
    {
        foreach (var (whole, parts) in Refinements)
        {
            Int128 sum = 0;
            foreach (var part in parts) sum += counts[part];
            if (sum > counts[whole]) return UsageFlags.PartsExceedTotal;
        }

        return UsageFlags.None;
    }

    /// <summary>Each unit with the parts that split it along one dimension: such parts exclude each other, so they must fit into it together.</summary>
    private static readonly ImmutableArray<(UsageUnit Whole, ImmutableArray<UsageUnit> Parts)> Refinements =
    [
        .. from whole in UsageUnits.All
           from part in UsageUnits.All
           where part.IsPartOf(whole) && part.Depth == whole.Depth + 1
           group part by (whole, dimension: Added(whole, part)) into split
           select (split.Key.whole, split.ToImmutableArray()),
    ];

    private static string Added(UsageUnit whole, UsageUnit part) =>
        part.Direction != whole.Direction ? nameof(part.Direction)
        : part.Modality != whole.Modality ? nameof(part.Modality)
        : part.Type != whole.Type ? nameof(part.Type)
        : nameof(part.Lifetime);

    /// <summary>
    /// Anthropic lists every sampling step in <c>iterations</c>, but its own counts are those of the steps of type <c>message</c> only:
    /// compaction and advisors are billed beside them. OpenRouter says that server tools ran, not what they used.
    /// </summary>
    private static ImmutableArray<SubCall> SubCallsIn(JsonElement usage, UnitCounts counts, UsageExtractor extractor, ref UsageFlags flags)
    {
        if (ToolCallsExecuted.TryFind(usage, out var executed) && executed.ValueKind is JsonValueKind.Number
            && executed.TryGetDecimal(out var calls) && calls > 0)
        {
            flags |= UsageFlags.HiddenSubCalls;
        }

        if (!usage.TryGetProperty("iterations", out var iterations) || iterations.ValueKind is not JsonValueKind.Array) return [];
        var hidden = ImmutableArray.CreateBuilder<SubCall>();
        var shown = UnitCounts.None;
        foreach (var iteration in iterations.EnumerateArray())
        {
            if (extractor.Count(iteration, out var step) is not null)
            {
                // A step that cannot be read is a step whose cost is not known.
                flags |= UsageFlags.HiddenSubCalls | UsageFlags.TotalMismatch;
                continue;
            }

            var kind = Text(iteration, "type") ?? "message";
            if (kind == "message") shown = shown.Plus(step);
            else hidden.Add(new(kind, Text(iteration, "model"), step));
        }

        if (hidden.Count > 0) flags |= UsageFlags.HiddenSubCalls;
        var tiesOut = shown[UsageUnits.InputTokens] == counts[UsageUnits.InputTokens]
            && shown[UsageUnits.OutputTokens] == counts[UsageUnits.OutputTokens];
        if (!tiesOut) flags |= UsageFlags.TotalMismatch;
        return hidden.ToImmutable();
    }

    /// <summary>Read as text, so that no binary fraction comes in between; providers write <c>6e-05</c> and <c>4.1400000000000003e-05</c>.</summary>
    private static decimal? CostIn(JsonElement usage, ref UsageFlags flags)
    {
        if (usage.TryGetProperty("is_byok", out var byok) && byok.ValueKind is JsonValueKind.True) flags |= UsageFlags.BringYourOwnKey;
        if (!usage.TryGetProperty("cost", out var cost)) return null;
        var text = cost.ValueKind switch
        {
            JsonValueKind.Number => cost.GetRawText(),
            JsonValueKind.String => cost.GetString(),
            _ => null,
        };
        const NumberStyles plain = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (text is null) return null;
        if (decimal.TryParse(text, plain, CultureInfo.InvariantCulture, out var major) && major <= CostMax) return major;

        // Not believed, but not ignored in silence.
        flags |= UsageFlags.ReportedCostDiffers;
        return null;
    }

    private static string? Text(JsonElement json, string member) =>
        json.TryGetProperty(member, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;
}
