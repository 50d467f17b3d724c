using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Guard;
using Tieout.Core.Ledger;
using Tieout.Server.Http;

namespace Tieout.Server.Guard;

/// <summary>A decision as it is recorded. Of an envelope that was not verified it has nothing but the hash.</summary>
/// <param name="Id">Begins with the day in UTC, so decisions are read in the order of time.</param>
/// <param name="Outcome">allow, shadow_hit or block.</param>
/// <param name="Reason">Why; see <see cref="GuardReason"/>.</param>
/// <param name="EnvelopeFlaw">Which rule refused the envelope; null: none did.</param>
/// <param name="CallerId">The key or token that asked.</param>
/// <param name="CallerOrg">The key's org; null: the platform.</param>
/// <param name="EnvelopeSha256">Of the envelope's text, lower-case hex; null: none came.</param>
public sealed record GuardDecision(
    string Id, DateTimeOffset DecidedAt, string Action, string ResourceType, string ResourceId, string? OwnerOrg, string Outcome, string Reason,
    string? EnvelopeFlaw, string? Policy, int? PolicyVersion, string? OverrideId, string CallerId, string? CallerOrg, string? OperationId, string? WorkflowId,
    string? IssuanceId, string? EnvelopeSha256, string? Nonce)
{
    private const string DayForm = "yyyy-MM-dd";

    /// <summary>Before the ids of every decision from this day on.</summary>
    public static string FirstId(DateOnly day) => day.ToString(DayForm, CultureInfo.InvariantCulture);

    /// <summary>Before the ids of every decision from this time on, to the millisecond.</summary>
    public static string FirstId(Instant time)
    {
        var at = time.ToDateTimeOffset();
        return $"{FirstId(DateOnly.FromDateTime(at.UtcDateTime))}.{at.ToUnixTimeMilliseconds():x12}";
    }

    public DateOnly Day => DateOnly.ParseExact(Id[..DayForm.Length], DayForm, CultureInfo.InvariantCulture);

    internal static GuardDecision Of(GuardAnswer answer, GuardQuestion question, string? token, string callerId, string? callerOrg, Instant now)
    {
        var at = now.ToDateTimeOffset();
        return new(
            $"{at.UtcDateTime.ToString(DayForm, CultureInfo.InvariantCulture)}.{Guid.CreateVersion7(at):n}", at, question.Action, question.Resource.Type,
            question.Resource.Id, question.Resource.Owner, SnakeCase.Of(answer.Outcome), SnakeCase.Of(answer.Reason),
            answer.Flaw is { } flaw ? SnakeCase.Of(flaw) : null, answer.Policy?.Name, answer.Policy?.Version, answer.Override?.Id, callerId, callerOrg,
            answer.Bound?.Operation, answer.Bound?.Workflow, answer.Bound?.Issuance,
            token is null ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token))), question.Nonce);
    }

    internal Command.AddRecord Record(string org) =>
        new(RecordKind.GuardDecision, org, Id, JsonSerializer.Serialize(this, GuardJson.Default.GuardDecision), Once: true);

    /// <exception cref="JsonException">Not a decision's JSON.</exception>
    internal static GuardDecision Parse(string json) =>
        JsonSerializer.Deserialize(json, GuardJson.Default.GuardDecision) ?? throw new JsonException("A decision of the guard is null.");
}

/// <summary>What took a name that can be taken once.</summary>
/// <param name="Use">Differs from use to use.</param>
public sealed record GuardUse(string Action, string ResourceType, string ResourceId, string? Nonce, string Use);
