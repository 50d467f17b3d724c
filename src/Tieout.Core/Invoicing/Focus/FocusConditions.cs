using System.Text.Json;

namespace Tieout.Core.Invoicing.Focus;

/// <summary>Binds check functions to the columns of one file.</summary>
/// <param name="places">Where each column of the file is.</param>
internal sealed class FocusConditions(IReadOnlyDictionary<string, int> places)
{
    /// <summary>Different values that a rule about all rows remembers. Rows with later values are not compared, and the report says so.</summary>
    public const int ValuesMax = 200_000;

    /// <summary>Whether the file has every column that the check reads.</summary>
    public bool HasColumns(FocusCheck check) => check.All.SelectMany(part => part.Columns).All(places.ContainsKey);

    /// <summary>The check as a function of a row's cells. A column that the file lacks has no value, and no condition about a missing value holds for
    /// it.</summary>
    /// <param name="full">Called when a rule about all rows forgets values.</param>
    public Func<IReadOnlyList<string?>, bool> Bind(FocusCheck check, Action full)
    {
        var items = check.Items.Select(item => Bind(item, full)).ToArray();
        if (check.Function == FocusCheck.And) return row => Array.TrueForAll(items, item => item(row));
        if (check.Function == FocusCheck.Or) return row => Array.Exists(items, item => item(row));
        if (check.Function == FocusCheck.Rule) return _ => true;
        if (!check.Columns.All(places.ContainsKey)) return check.Function == "CheckNotValue" && check.Arguments[1] is not null ? _ => true : _ => false;
        var cells = check.Columns.Select(column => places[column]).ToArray();
        return Of(check, cells, full);
    }

    private static Func<IReadOnlyList<string?>, bool> Of(FocusCheck check, int[] places, Action full)
    {
        var at = places[0];
        if (check.Function.StartsWith("JSON", StringComparison.Ordinal)) return Json(check, places);
        return check.Function switch
        {
            FocusCheck.Present => _ => true,
            "CheckValue" => Equal(at, check.Arguments[1]),
            "CheckNotValue" when Equal(at, check.Arguments[1]) is var equal => row => !equal(row),
            "CheckSameValue" => row => string.Equals(row[at], row[places[1]], StringComparison.Ordinal),
            "CheckGreaterOrEqualThanValue" when FocusNumber.Read(check.Arguments[1]!)!.Value is var least =>
                Format(at, cell => FocusNumber.Read(cell) is not { } number || number.CompareTo(least) >= 0),
            FocusCheck.Product => row => IsProduct(row[places[0]], row[places[1]], row[places[2]]),
            "CheckDistinctCount" => OneParent(places[0], places[1], full),
            "CheckNoDuplicates" => NoDuplicates(at, full),
            "TypeDecimal" or "FormatNumeric" or "CheckDecimalValue" => Format(at, FocusFormats.IsNumber),
            "TypeDateTime" or "FormatDateTime" => Format(at, FocusFormats.IsTime),
            "TypeString" or "FormatString" or "FormatCurrency" => Format(at, FocusFormats.IsText),
            "CheckNationalCurrency" => Format(at, FocusFormats.IsNationalCurrency),
            "FormatUnit" => Format(at, FocusFormats.IsUnit),
            "FormatKeyValue" => Format(at, FocusFormats.IsKeyValue),
            "FormatJSON" => Format(at, FocusFormats.IsObject),
            var other => throw new FormatException($"'{other}' is no check function of FOCUS {FocusModel.Version}."),
        };
    }

    private static Func<IReadOnlyList<string?>, bool> Json(FocusCheck check, int[] places)
    {
        var (at, path, third) = (places[0], check.Arguments[1] ?? "$", check.Arguments.ElementAtOrDefault(2));
        Func<JsonElement, bool> holds = check.Function switch
        {
            "JSONCheckPathType" => json => FocusJson.IsOfType(json, third!),
            "JSONCheckPathKeyExists" => json => json.ValueKind != JsonValueKind.Undefined,
            "JSONCheckPathKeyValueFormat" => FocusFormats.IsKeyValue,
            "JSONCheckPathKeyStartsWith" when check.Arguments[3]!.Split(' ') is var known => json => json.ValueKind != JsonValueKind.Object
                || json.EnumerateObject().All(pair => known.Contains(pair.Name) || pair.Name.StartsWith(third!, StringComparison.Ordinal)),
            "JSONCheckPathValue" => json => FocusJson.Is(json, third),
            "JSONCheckPathNotValue" => json => !FocusJson.Is(json, third),
            "JSONFormatString" => json => FocusJson.IsText(json, FocusFormats.IsText),
            "JSONFormatUnit" or "JSONCheckPathUnitFormat" => json => FocusJson.IsText(json, FocusFormats.IsUnit),
            "JSONFormatNumeric" or "JSONCheckPathNumericFormat" => json => FocusJson.IsOfType(json, "Decimal"),
            "JSONCheckPathSameValue" or "JSONCheckPathDistinctParent" => _ => true,
            var other => throw new FormatException($"'{other}' is no check function of FOCUS {FocusModel.Version}."),
        };
        return check.Function switch
        {
            "JSONCheckPathSameValue" => row => row[at] is not { } cell || FocusJson.At(cell, path).All(json => FocusJson.Is(json, row[places[1]])),
            "JSONCheckPathDistinctParent" => row => row[at] is not { } cell || IsOneParent(cell, path, third!),
            _ => row => row[at] is not { } cell || FocusJson.At(cell, path).All(holds),
        };
    }

    private static bool IsOneParent(string cell, string child, string parent) =>
        FocusJson.At(cell, child).Zip(FocusJson.At(cell, parent)).GroupBy(pair => $"{pair.First}", pair => $"{pair.Second}", StringComparer.Ordinal)
            .All(group => group.Distinct(StringComparer.Ordinal).Count() == 1);

    private static Func<IReadOnlyList<string?>, bool> Format(int at, Func<string, bool> isFormat) => row => row[at] is not { } cell || isFormat(cell);

    private static Func<IReadOnlyList<string?>, bool> Equal(int at, string? value)
    {
        if (value is null) return row => row[at] is null;
        var number = FocusNumber.Read(value);
        return row => row[at] is { } cell && (string.Equals(cell, value, StringComparison.Ordinal)
            || number is { } expected && FocusNumber.Read(cell) is { } found && found.CompareTo(expected) == 0);
    }

    private static bool IsProduct(string? a, string? b, string? product) =>
        a is null || b is null || product is null
        || FocusNumber.Read(a) is not { } x || FocusNumber.Read(b) is not { } y || FocusNumber.Read(product) is not { } z || (x * y).CompareTo(z) == 0;

    private static Func<IReadOnlyList<string?>, bool> OneParent(int child, int parent, Action full)
    {
        var parents = new Dictionary<string, string?>(StringComparer.Ordinal);
        return row =>
        {
            if (row[child] is not { } value) return true;
            if (parents.TryGetValue(value, out var first)) return string.Equals(first, row[parent], StringComparison.Ordinal);
            if (parents.Count < ValuesMax) parents.Add(value, row[parent]);
            else full();
            return true;
        };
    }

    private static Func<IReadOnlyList<string?>, bool> NoDuplicates(int at, Action full)
    {
        var values = new HashSet<string>(StringComparer.Ordinal);
        return row =>
        {
            if (row[at] is not { } value) return true;
            if (values.Count < ValuesMax) return values.Add(value);
            full();
            return !values.Contains(value);
        };
    }
}
