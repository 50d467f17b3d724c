using System.Text.Json;
using Tieout.Core.Pricing;

namespace Tieout.Core.Invoicing.Focus;

/// <summary>The rule model of FOCUS 1.3, as it comes with the program.</summary>
/// <remarks>
/// The rules are those of the FOCUS Specification, Copyright (c) FinOps Foundation, licensed under CC-BY-4.0; the notice is in the file. The file has the
/// sentences, conditions and check functions in a shorter form. A test writes the file anew from the published model and compares.
/// </remarks>
public static class FocusModel
{
    public const string Version = "1.3";

    public const string Notice =
        "Rules of the FOCUS Specification 1.3, Copyright (c) FinOps Foundation, licensed under CC-BY-4.0 (creativecommons.org/licenses/by/4.0). Shortened: "
        + "sentences, levels, conditions and check functions.";

    private static readonly Lazy<IReadOnlyList<FocusRule>> Read = new(() =>
    {
        using var resource = typeof(FocusModel).Assembly.GetManifestResourceStream("focus-1.3.json")!;
        var file = new byte[resource.Length];
        resource.ReadExactly(file);
        return Parse(file);
    });

    /// <summary>All rules, in the order of the published model.</summary>
    public static IReadOnlyList<FocusRule> Rules => Read.Value;

    /// <summary>The criteria that rules name: what a provider may support.</summary>
    public static IEnumerable<string> Criteria => Rules.SelectMany(rule => rule.Criteria).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    /// <summary>Whether a code is one of ISO 4217. FOCUS bills in such currencies only.</summary>
    public static bool IsNationalCurrency(string code) => FocusFormats.IsNationalCurrency(code);

    /// <exception cref="FormatException">The bytes are not a model in the form of the file.</exception>
    public static IReadOnlyList<FocusRule> Parse(ReadOnlyMemory<byte> file)
    {
        using var json = JsonReading.Parse(file);
        return [.. json.RootElement.Items("rules").Select(Rule)];
    }

    private static FocusRule Rule(JsonElement rule)
    {
        var kind = rule.Text("kind") switch
        {
            null => FocusRuleKind.Static,
            "dynamic" => FocusRuleKind.Dynamic,
            "removed" => FocusRuleKind.Removed,
            var other => throw new FormatException($"'{other}' is no kind of a rule."),
        };
        var level = rule.RequiredText("level") switch
        {
            "MUST" => FocusLevel.Must,
            "SHOULD" => FocusLevel.Should,
            "MAY" => FocusLevel.May,
            var other => throw new FormatException($"'{other}' is no level of a rule."),
        };
        return new(
            rule.RequiredText("id"), rule.RequiredText("says"), level, kind, rule.Text("of"), [.. rule.Items("needs").Select(need => need.Text())],
            rule.Optional("if") is { } condition ? Check(condition) : null, rule.Optional("then") is { } requirement ? Check(requirement) : null);
    }

    private static FocusCheck Check(JsonElement check)
    {
        var members = check.Items().ToList();
        var function = members[0].Text();
        return function is FocusCheck.And or FocusCheck.Or
            ? new(function, [], [.. members.Skip(1).Select(Check)])
            : new(function, [.. members.Skip(1).Select(Argument)], []);
    }

    private static string? Argument(JsonElement argument) => argument.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => argument.GetString(),
        _ => argument.GetRawText(),
    };
}
