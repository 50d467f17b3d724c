using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tieout.Tests;

namespace Tieout.Server.Tests.Invoicing;

/// <summary>The rules of FOCUS 1.3 that a file can be checked by, as the specification's own rule model has them.</summary>
/// <param name="applies">The criteria of applicability that hold for the file.</param>
internal sealed partial class FocusRules(params string[] applies)
{
    /// <summary>What follows from no column, only from how a value is written: every rule of formats leads here.</summary>
    private static readonly Dictionary<string, Regex> Formats = new(StringComparer.Ordinal)
    {
        ["TypeDecimal"] = Number(),
        ["FormatNumeric"] = Number(),
        ["CheckDecimalValue"] = Number(),
        ["TypeDateTime"] = Moment(),
        ["FormatDateTime"] = Moment(),
        ["TypeString"] = Words(),
        ["FormatString"] = Words(),
        ["FormatUnit"] = Unit(),
        ["FormatCurrency"] = Currency(),
        ["CheckNationalCurrency"] = Currency(),
    };

    private readonly JsonElement _rules = JsonDocument.Parse(File.ReadAllText(Repo.SharedData("focus/1.3/model-1.3.merged.json"))).RootElement.GetProperty(
        "ModelRules");

    /// <summary>Rules that were checked.</summary>
    public int Checked { get; private set; }

    /// <returns>What is broken: the rule, and the row by which.</returns>
    public List<string> Broken(List<Dictionary<string, string>> rows)
    {
        var broken = new List<string>();
        var above = _rules.EnumerateObject()
            .SelectMany(rule => Parts(rule.Value.GetProperty("ValidationCriteria").GetProperty("Requirement")).Select(part => (Part: part, Above: rule)))
            .ToLookup(pair => pair.Part, pair => pair.Above, StringComparer.Ordinal);
        foreach (var rule in _rules.EnumerateObject())
        {
            var (value, criteria) = (rule.Value, rule.Value.GetProperty("ValidationCriteria"));
            if (Text(value, "Type") != "Static" || Text(value, "Status") == "Removed" || !value.TryGetProperty("DatasetType", out var dataset) || dataset.GetString() != "CAU"
                || Text(criteria, "Keyword") is not ("MUST" or "MUST NOT"))
            {
                continue;
            }

            if (value.GetProperty("ApplicabilityCriteria").EnumerateArray().Any(one => !applies.Contains(one.GetString()))) continue;
            var requirement = criteria.GetProperty("Requirement");
            var conditions = Conditions(rule.Name, criteria, above);

            // Composites say the same as their parts; and a column that is not there is a matter of the rules about presence.
            if (Any(requirement,
                check => Text(check, "CheckFunction") is "CheckModelRule" || Text(check, "CheckFunction")!.StartsWith("JSONCheck", StringComparison.Ordinal)))
            {
                continue;
            }

            if (Text(requirement, "CheckFunction") != "ColumnPresent"
                && (Any(requirement, check => !HasColumns(check, rows[0]))
                    || conditions.Exists(condition => Any(condition, check => !HasColumns(check, rows[0])))))
            {
                continue;
            }

            Checked++;
            foreach (var row in rows)
            {
                if (!conditions.TrueForAll(condition => Holds(condition, row, rows)) || Holds(requirement, row, rows)) continue;
                broken.Add($"{rule.Name}: {Text(criteria, "MustSatisfy")} {string.Join(", ", row.Where(cell => criteria.GetRawText().Contains($"\"{cell.Key}\"", StringComparison.Ordinal)))}");
                break;
            }
        }

        return broken;
    }

    /// <summary>A part of a rule holds only where the whole does.</summary>
    private static List<JsonElement> Conditions(string name, JsonElement criteria, ILookup<string, JsonProperty> above)
    {
        var conditions = new List<JsonElement>();
        if (criteria.GetProperty("Condition").EnumerateObject().Any()) conditions.Add(criteria.GetProperty("Condition"));
        foreach (var whole in above[name]) conditions.AddRange(Conditions(whole.Name, whole.Value.GetProperty("ValidationCriteria"), above));
        return conditions;
    }

    private static IEnumerable<string> Parts(JsonElement requirement) =>
        Text(requirement, "CheckFunction") is "CheckModelRule" ? [Text(requirement, "ModelRuleId")!]
        : requirement.TryGetProperty("Items", out var items) ? items.EnumerateArray().SelectMany(Parts) : [];

    private static bool Holds(JsonElement check, Dictionary<string, string> row, List<Dictionary<string, string>> rows)
    {
        // Two rules call the column by another name.
        string Cell(string name) => row[Text(check, name) ?? Text(check, "CheckCondition")!];
        switch (Text(check, "CheckFunction"))
        {
            case "AND": return check.GetProperty("Items").EnumerateArray().All(item => Holds(item, row, rows));
            case "OR": return check.GetProperty("Items").EnumerateArray().Any(item => Holds(item, row, rows));
            case "ColumnPresent": return row.ContainsKey(Text(check, "ColumnName")!);
            case "CheckValue": return IsValue(Cell("ColumnName"), check.GetProperty("Value"));
            case "CheckNotValue": return !IsValue(Cell("ColumnName"), check.GetProperty("Value"));
            case "CheckSameValue": return Cell("ColumnAName") == Cell("ColumnBName");
            case "CheckGreaterOrEqualThanValue": return Cell("ColumnName") is "" || Decimal(Cell("ColumnName")) >= check.GetProperty("Value").GetDecimal();
            case "CheckDistinctCount":
                return rows.Where(other => other[Text(check, "ColumnAName")!] == Cell("ColumnAName"))
                .Select(other => other[Text(check, "ColumnBName")!]).Distinct().Count() == check.GetProperty("ExpectedCount").GetInt32();
            case "CheckNoDuplicates": return rows.Count(other => other[Text(check, "ColumnName")!] == Cell("ColumnName")) == 1;
            case "ColumnByColumnEqualsColumnValue":
                return new[] { "ColumnAName", "ColumnBName", "ResultColumnName" }.Any(name => Cell(name).Length == 0)
                    || Decimal(Cell("ColumnAName")) * Decimal(Cell("ColumnBName")) == Decimal(Cell("ResultColumnName"));
            case "FormatKeyValue" or "FormatJSON":
                return Cell("ColumnName") is ""
                    || JsonDocument.Parse(Cell("ColumnName")).RootElement.EnumerateObject().All(
                        pair => pair.Value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array));
            case { } format: return Cell("ColumnName") is "" || Formats[format].IsMatch(Cell("ColumnName"));
            default: throw new InvalidOperationException($"A check has no function: {check}");
        }
    }

    private static bool Any(JsonElement check, Func<JsonElement, bool> isOne) =>
        check.ValueKind == JsonValueKind.Object && check.TryGetProperty("CheckFunction", out _)
        && (check.TryGetProperty("Items", out var items) ? items.EnumerateArray().Any(item => Any(item, isOne)) : isOne(check));

    private static bool HasColumns(JsonElement check, Dictionary<string, string> row) =>
        check.EnumerateObject().Where(member => member.Name.EndsWith("Name", StringComparison.Ordinal)).All(
            member => row.ContainsKey(member.Value.GetString()!));

    private static bool IsValue(string cell, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number ? cell.Length > 0 && Decimal(cell) == value.GetDecimal() : cell == (value.GetString() ?? "");

    private static decimal Decimal(string text) => decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    [GeneratedRegex("^-?[0-9]+([.][0-9]+)?(E-?[0-9]+)?$")]
    private static partial Regex Number();

    [GeneratedRegex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
    private static partial Regex Moment();

    /// <summary>No text of nothing but spaces, and none that stands for nothing.</summary>
    [GeneratedRegex(@"^(?!(null|NULL|N/A|None)$)\S(.*\S)?$", RegexOptions.Singleline)]
    private static partial Regex Words();

    /// <summary>Words in capitals, of which the last may be a plural; a quantity or a time may divide them.</summary>
    [GeneratedRegex("^([0-9]+ )?[A-Z][A-Za-z-]*( [A-Z][A-Za-z-]*)*(/[A-Z][A-Za-z-]*)?$")]
    private static partial Regex Unit();

    [GeneratedRegex("^[A-Z]{3}$")]
    private static partial Regex Currency();
}
