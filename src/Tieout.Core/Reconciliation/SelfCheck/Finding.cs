using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation.SelfCheck;

/// <summary>A typed difference, with both sides, why, how to see it, and what repairs it (R1).</summary>
/// <param name="Key">What it is about, the same on every run: <c>usage/...</c>, <c>posting/17</c>, <c>window/3/...</c>.</param>
/// <param name="Left">What the book says; null: nothing, which is not zero.</param>
/// <param name="Right">What it should say.</param>
/// <param name="Evidence">A query a person can run against the store's views.</param>
public sealed record Finding(FindingCode Code, FindingScope Scope, string Key, Amount? Left, Amount? Right, string Cause, string Evidence, Repair Repair)
{
    /// <summary>Deterministic: the same defect has the same id on every run.</summary>
    public string Id { get; init; } = IdOf(Code, Scope.Org, Key);

    /// <summary>Where the cause has parts with an amount each: they sum to the difference. Empty: it has none.</summary>
    public ImmutableArray<CauseAmount> Causes { get; init; } = [];

    /// <summary>Left − right. Null: neither side is an amount.</summary>
    public Amount? Difference => Left is null && Right is null ? null : (Left ?? Amount.Zero) - (Right ?? Amount.Zero);

    public static string IdOf(FindingCode code, string org, string key)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{code}\n{org}\n{key}"));
        return $"{code}-{Convert.ToHexStringLower(hash.AsSpan(0, 8))}";
    }

    /// <summary>The id of the finding that a row opened. A run's row says it; a row of the ledger itself is named by its usage or hold, or by its
    /// number.</summary>
    /// <exception cref="JsonException">What the row says is not JSON.</exception>
    public static string IdOf(FindingRow row)
    {
        if (row.Attempt is { } attempt) return IdOf(row.Code, row.Org, row.Code == FindingCode.OrphanHold ? $"hold/{attempt}" : UsageKey(attempt));
        using var detail = JsonDocument.Parse(row.Detail);
        return detail.RootElement is { ValueKind: JsonValueKind.Object } said && said.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String
            ? id.GetString()! : IdOf(row.Code, row.Org, $"finding/{row.Seq}");
    }

    /// <summary>The code in a finding's id; null: it is not an id.</summary>
    public static FindingCode? CodeOf(string id) => id.LastIndexOf('-') is > 0 and var dash ? FindingCode.Find(id[..dash]) : null;

    /// <summary>The key of what is about a usage record, whoever opens it: the ledger itself or a run.</summary>
    public static string UsageKey(AttemptId usage) => $"usage/{usage}";
}

/// <summary>How much of a difference one cause makes, over all rows.</summary>
public readonly record struct CauseAmount(string Cause, Amount Amount);

/// <summary>Whom and what a finding is about. Null: not of that kind.</summary>
/// <param name="Org">Empty: the platform.</param>
/// <param name="At">The time it counts in.</param>
public sealed record FindingScope(
    string Org, string? Project = null, string? Team = null, string? Key = null, string? AppInstance = null, AttemptId? Usage = null, long? Posting = null,
    string? Window = null, string? CorrelationId = null, Instant? At = null)
{
    public static FindingScope Of(UsageRecord usage, long? posting, Instant? at) => new(
        usage.Labels.Org, usage.Labels.Project, usage.Labels.Team, usage.Labels.Key, usage.Labels.Runtime?.AppInstance, usage.Id, posting,
        CorrelationId: usage.CorrelationId, At: at);
}

/// <summary>Which findings are wanted. Null: any.</summary>
/// <param name="From">Included; findings without a time are always in range.</param>
/// <param name="To">Not included.</param>
public sealed record FindingFilter(
    string? Org = null, Instant? From = null, Instant? To = null, string? Project = null, string? AppInstance = null, string? Key = null,
    string? CorrelationId = null)
{
    public static readonly FindingFilter All = new();

    public bool IsAll => this == All;

    public bool Matches(FindingScope scope) =>
        Is(Org, scope.Org) && Is(Project, scope.Project) && Is(AppInstance, scope.AppInstance) && Is(Key, scope.Key) && Is(CorrelationId, scope.CorrelationId)
        && (scope.At is not { } at || ((From is not { } from || at >= from) && (To is not { } to || at < to)));

    private static bool Is(string? wanted, string? has) => wanted is null || string.Equals(wanted, has, StringComparison.Ordinal);
}
