using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Money;

namespace Tieout.Core.Budgets;

/// <summary>A limit on what a scope spends per period.</summary>
/// <param name="Limit">In the org's asset; null: it limits nothing, as the org's own daily meter and a cap that was removed.</param>
/// <param name="Hard">Hard: no hold or charge may pass it. Soft: it only tells.</param>
/// <param name="TimeZone">IANA name of the zone in which its windows are cut.</param>
/// <param name="Thresholds">Per cent of the limit, ascending; each is told once a window.</param>
public sealed record Budget(
    BudgetScope Scope, WindowUnit Window, Amount? Limit, bool Hard, string TimeZone, ImmutableArray<int> Thresholds)
{
    public static readonly ImmutableArray<int> DefaultThresholds = [50, 75, 90, 100];

    /// <summary>One budget for a scope and window: setting it again changes its limit, never adds a second.</summary>
    public string Id => $"{Scope}/{Window.ToString().ToLowerInvariant()}";

    /// <summary>The org's spend of today, kept by the ledger itself like any budget window, without a limit.</summary>
    public static Budget DailyMeter(string org, string timeZone) =>
        new(new BudgetScope(org), WindowUnit.Day, Limit: null, Hard: false, timeZone, []);

    public bool Equals(Budget? other) =>
        other is not null && Scope == other.Scope && Window == other.Window && Limit == other.Limit && Hard == other.Hard
        && string.Equals(TimeZone, other.TimeZone, StringComparison.Ordinal) && Thresholds.SequenceEqual(other.Thresholds);

    public override int GetHashCode() => HashCode.Combine(Scope, Window, Limit, Hard);

    public string ToJson() => JsonSerializer.Serialize(
        new StoredBudget(Scope.Org, Scope.Project, Scope.Team, Scope.Key, Scope.User, Scope.Feature, Window, Limit?.Nanos, Hard, TimeZone, [.. Thresholds]),
        BudgetJson.Default.StoredBudget);

    /// <exception cref="JsonException">Not a budget's JSON.</exception>
    public static Budget Parse(string json)
    {
        var body = JsonSerializer.Deserialize(json, BudgetJson.Default.StoredBudget) ?? throw new JsonException("A budget is null.");
        return new(
            new BudgetScope(body.Org, body.Project, body.Team, body.Key, body.User, body.Feature),
            body.Window, body.LimitNanos is { } nanos ? new Amount(nanos) : null, body.Hard, body.TimeZone, [.. body.Thresholds]);
    }
}

/// <summary>What a budget counts: everything that bears all the labels it names.</summary>
/// <param name="User">An end user; <c>*</c> gives each end user a window of their own, the first request of an unknown one included.</param>
public readonly record struct BudgetScope(
    string Org, string? Project = null, string? Team = null, string? Key = null, string? User = null, string? Feature = null)
{
    public const string EachUser = "*";

    /// <summary>Whether <paramref name="fits"/> is true of every text.</summary>
    public bool TextsFit(Func<string?, bool> fits) => fits(Org) && fits(Project) && fits(Team) && fits(Key) && fits(User) && fits(Feature);

    public bool IsWholeOrg => (Project ?? Team ?? Key ?? User ?? Feature) is null;

    /// <summary>For example <c>acme/team=research/user=*</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Org);
        foreach (var (name, value) in (ReadOnlySpan<(string, string?)>)[("project", Project), ("team", Team), ("key", Key), ("user", User),
            ("feature", Feature)])
        {
            if (value is not null) text.Append(CultureInfo.InvariantCulture, $"/{name}={value}");
        }

        return text.ToString();
    }
}

internal sealed record StoredBudget(
    string Org, string? Project, string? Team, string? Key, string? User, string? Feature,
    WindowUnit Window, Int128? LimitNanos, bool Hard, string TimeZone, int[] Thresholds);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(StoredBudget))]
internal sealed partial class BudgetJson : JsonSerializerContext;
