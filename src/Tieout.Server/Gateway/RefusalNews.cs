using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Errors;
using Tieout.Server.Ledger;

namespace Tieout.Server.Gateway;

/// <summary>Tells an org's endpoints that its requests are refused for lack of money: once an hour for each limit, not once a request.</summary>
/// <remarks>A refused command itself changes nothing (L6); this is told beside it.</remarks>
internal sealed class RefusalNews(Announcements announcements, TimeProvider time)
{
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private long _hour;

    /// <param name="asked">What was to be held.</param>
    public void See(string org, Outcome.Refused refused, Amount asked)
    {
        if (refused is not { Reason: Refusal.InsufficientBalance or Refusal.BudgetExhausted, Limit: { } limit }) return;
        var at = Instant.From(time.GetUtcNow());
        var hour = at.UnixMicros / Instant.MicrosPerHour;
        lock (_told)
        {
            if (hour != _hour) _told.Clear();
            _hour = hour;
            if (!_told.Add($"{org} {limit}")) return;
        }

        // The names of limits are longer than ids may be, and have other characters.
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(limit)).AsSpan(0, 12));
        var isBudget = refused.Reason is Refusal.BudgetExhausted;
        var body = new RefusalBody(isBudget ? limit : null, refused.Reason.Error.Code, refused.Left?.ToString(), asked.ToString(),
            new Instant(hour * Instant.MicrosPerHour).ToString(), at.ToString());
        announcements.Tell(new(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"refused/{hour}/{name}"), org,
            isBudget ? "budget.exhausted" : "balance.insufficient", JsonSerializer.Serialize(body, RefusalJson.Default.RefusalBody)));
    }
}

/// <param name="Budget">Null: the balance.</param>
/// <param name="Hour">What is told once.</param>
/// <param name="RefusedAt">The first refusal of the hour that this node saw.</param>
internal sealed record RefusalBody(string? Budget, string Code, string? Left, string Asked, string Hour, string RefusedAt);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RefusalBody))]
internal sealed partial class RefusalJson : JsonSerializerContext;
