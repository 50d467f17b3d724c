using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.RowIndex;
using Tieout.Core.Metering;

namespace Tieout.Core.Ledger;

/// <summary>A column of usage rows that a list is filtered by: a label, or what each row has of its own.</summary>
/// <param name="Name">In snake_case, as in the API.</param>
/// <param name="Label">The label that it is; null: it is no label.</param>
/// <param name="Matches">Whether a row has the value that was asked for.</param>
/// <param name="Form">The values there are, for an error text; null: any text.</param>
/// <param name="IsValue">Whether a text is one of them.</param>
public sealed record UsageColumn(
    string Name, LabelDimension? Label, Func<UsageRow, string, bool> Matches, string? Form, Func<string, bool> IsValue)
{
    /// <summary>Whether traits have the value that was asked for; null: traits do not say it.</summary>
    public Func<UsageTraits, string, bool>? HasTrait { get; private init; }

    /// <summary>The id that it is, so that the row index finds its rows; null: it is none.</summary>
    public UsageIdKind? Id { get; private init; }

    public const string Operation = "operation";
    public const string Correlation = "correlation";

    /// <summary>A status that means any failure.</summary>
    private const string AnyFailure = "failed";

    private static readonly ImmutableArray<string> Bases = [.. Enum.GetValues<UsageBasis>().Select(SnakeCase)];

    private static readonly ImmutableArray<(string Name, UsageFlags Usage, ChargeFlags Charge)> Flags = FlagsByName();

    /// <summary>In the order of the documentation.</summary>
    public static ImmutableArray<UsageColumn> All { get; } =
    [
        .. LabelDimension.All.Select(OfLabel),
        OfId(Operation, UsageIdKind.Operation, row => row.Usage.OperationId),
        OfId(Correlation, UsageIdKind.Correlation, row => row.Usage.CorrelationId),
        OfId("trace", UsageIdKind.Trace, row => row.Usage.TraceId),
        OfId("workflow", UsageIdKind.Workflow, row => row.Usage.WorkflowId),
        OfId("user", UsageIdKind.EndUser, row => row.Usage.EndUser),
        OfTraits("status", HasStatus, $"a status such as 429, 0 for no answer, or {AnyFailure}", IsStatus),
        OfTraits("basis", Bases, (traits, value) => Bases[(int)traits.Basis] == value),
        OfTraits("flag", [.. Flags.Select(flag => flag.Name)], HasFlag),
    ];

    /// <summary>The column of a name or synonym; null: there is none.</summary>
    public static UsageColumn? Of(string name) => All.FirstOrDefault(column => column.Name == name || column.Label?.Synonym == name);

    private static UsageColumn OfLabel(LabelDimension label) => label.Values.IsEmpty
        ? new(label.Name, label, (row, value) => label.Of(row.Usage.Labels) == value, null, _ => true)
        : OfList(label.Name, label.Values, (row, value) => label.Of(row.Usage.Labels) == value) with { Label = label };

    private static UsageColumn OfId(string name, UsageIdKind id, Func<UsageRow, string?> of) =>
        new(name, null, (row, value) => of(row) == value, null, _ => true) { Id = id };

    private static UsageColumn OfList(string name, ImmutableArray<string> values, Func<UsageRow, string, bool> matches) =>
        new(name, null, matches, string.Join(", ", values), text => values.Contains(text));

    private static UsageColumn OfTraits(string name, ImmutableArray<string> values, Func<UsageTraits, string, bool> has) =>
        OfTraits(name, has, string.Join(", ", values), text => values.Contains(text));

    private static UsageColumn OfTraits(string name, Func<UsageTraits, string, bool> has, string form, Func<string, bool> isValue) =>
        new(name, null, (row, value) => has(UsageTraits.Of(row), value), form, isValue) { HasTrait = has };

    private static bool IsStatus(string text) =>
        text == AnyFailure || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status <= 999);

    private static bool HasStatus(UsageTraits traits, string value) =>
        value == AnyFailure ? UsageRecord.IsFailure(traits.Status) : traits.Status == int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture);

    private static bool HasFlag(UsageTraits traits, string value)
    {
        var (_, usage, charge) = Flags.First(flag => flag.Name == value);
        return (traits.Flags & usage) != 0 || (traits.ChargeFlags & charge) != 0;
    }

    /// <summary>Flags of counts and of charges under one name each; <c>unpriced</c> is both.</summary>
    private static ImmutableArray<(string Name, UsageFlags Usage, ChargeFlags Charge)> FlagsByName()
    {
        var usage = Enum.GetValues<UsageFlags>().Where(flag => flag != UsageFlags.None).ToDictionary(flag => SnakeCase(flag));
        var charge = Enum.GetValues<ChargeFlags>().Where(flag => flag != ChargeFlags.None).ToDictionary(flag => SnakeCase(flag));
        return [.. charge.Keys.Union(usage.Keys).Select(name => (name, usage.GetValueOrDefault(name), charge.GetValueOrDefault(name)))];
    }

    private static string SnakeCase<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
