using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Ledger;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Outbox;

/// <summary>Which alerts are raised, and telling it once an episode: when one begins, and when it is over.</summary>
/// <remarks>Episodes are records, so that a server that starts again goes on with those it had.</remarks>
internal sealed partial class AlertBook(IRecordsReader records, Announcements announcements, OutageLog outages, TimeProvider time, ILogger<AlertBook> logger)
{
    private const int HashBytes = 16;

    private readonly Dictionary<string, AlertEpisode> _raised = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private bool _isRead;

    /// <summary>Takes in the episodes that have not ended, once. While the store cannot be read nothing is recalled; the next look tries again.</summary>
    public async Task RecallAsync(CancellationToken cancellationToken)
    {
        if (_isRead) return;
        try
        {
            var rows = await records.AllRecordsAsync(RecordKind.AlertEpisode, "", cancellationToken).ToListAsync(cancellationToken);
            lock (_gate)
            {
                foreach (var row in rows)
                {
                    if (AlertEpisode.Parse(row.Body) is { Over: false } episode) _raised.TryAdd($"{episode.Code}/{episode.Scope}", episode);
                }

                _isRead = true;
            }
        }
        catch (StoreUnavailableException unavailable)
        {
            outages.See("alerts", unavailable.Message);
        }
    }

    /// <summary>Takes in the newest episodes whose code begins so, also over those known here: another node may have begun and ended some.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be read. Nothing changed.</exception>
    public async Task RecallAsync(string codePrefix, CancellationToken cancellationToken)
    {
        var rows = await records.AllRecordsAsync(RecordKind.AlertEpisode, "", cancellationToken).ToListAsync(cancellationToken);
        lock (_gate)
        {
            foreach (var episode in rows.Select(row => AlertEpisode.Parse(row.Body)))
            {
                if (!episode.Code.StartsWith(codePrefix, StringComparison.Ordinal)) continue;
                if (episode.Over) _raised.Remove($"{episode.Code}/{episode.Scope}");
                else _raised[$"{episode.Code}/{episode.Scope}"] = episode;
            }
        }
    }

    /// <summary>The episode that an alert is open in, as any node recorded it last; null: none is open.</summary>
    public async Task<AlertEpisode?> FindAsync(string code, string scope, CancellationToken cancellationToken) =>
        await records.RecordAsync(new(RecordKind.AlertEpisode, "", Short($"{code}/{scope}")), cancellationToken) is { } row
            && AlertEpisode.Parse(row.Body) is { Over: false } episode ? episode : null;

    /// <summary>What an alert is open for.</summary>
    public IReadOnlyList<string> Raised(string code)
    {
        lock (_gate) return [.. _raised.Values.Where(episode => episode.Code == code).Select(episode => episode.Scope)];
    }

    /// <summary>Says how a figure stands. Only what changes is told.</summary>
    /// <param name="code">For example <c>spool_backlog</c>.</param>
    /// <param name="scope">Of what: a server, a contract.</param>
    /// <param name="about">Of an alert rule; null: the alert is the platform's own.</param>
    public void Set(string code, string scope, bool isRaised, decimal value, decimal limit, AlertAbout? about = null)
    {
        var name = $"{code}/{scope}";
        AlertEpisode? began = null, ended = null;
        lock (_gate)
        {
            if (isRaised == _raised.ContainsKey(name)) return;
            if (isRaised) _raised[name] = began = new(code, scope, Now(), value, limit, Over: false, about?.Org, about?.Rule);
            else if (_raised.Remove(name, out ended)) ended = ended with { Over = true };
        }

        if (began is not null)
        {
            LogRaised(code, scope, value, limit);
            Tell(name, began, $"alert.{code}", new(code, scope, Text(value), Text(limit), began.Since, ResolvedAt: null, about?.Rule, about?.Text));
        }
        else if (ended is not null)
        {
            LogResolved(code, scope, ended.Since);
            Tell(name, ended, "alert.resolved", new(code, scope, Text(value), Text(limit), ended.Since, Now(), ended.Rule, about?.Text));
        }
    }

    private string Now() => Instant.From(time.GetUtcNow()).ToString();

    private void Tell(string name, AlertEpisode episode, string type, AlertBody body)
    {
        var id = $"{type}/{episode.Scope}/{episode.Since}/{episode.Code}";
        announcements.Tell(
            new Command.Announce(Short(id), episode.Org ?? "", type, JsonSerializer.Serialize(body, AlertJson.Default.AlertBody)),
            new Command.AddRecord(RecordKind.AlertEpisode, "", Short(name), JsonSerializer.Serialize(episode, AlertJson.Default.AlertEpisode), Once: false));
    }

    /// <summary>The end of a name that is too long is what tells it from others, so its hash takes the place of the end.</summary>
    private static string Short(string name)
    {
        if (name.Length <= Core.Tenancy.Names.LengthMax) return name;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name))[..HashBytes]);
        return $"{name[..(Core.Tenancy.Names.LengthMax - hash.Length - 1)]}/{hash}";
    }

    private static string Text(decimal value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    [LoggerMessage(EventId = LogEvents.AlertRaised, Level = LogLevel.Warning, Message = "Alert {Alert} of {Scope}: {Value} is more than {Limit}")]
    private partial void LogRaised(string alert, string scope, decimal value, decimal limit);

    [LoggerMessage(EventId = LogEvents.AlertResolved, Level = LogLevel.Information, Message = "Alert {Alert} of {Scope} since {Since} is over")]
    private partial void LogResolved(string alert, string scope, string since);
}

/// <summary>The rule that an alert is of.</summary>
/// <param name="Org">The org whose webhooks get the message, beside those of the platform.</param>
/// <param name="Text">How the rule stands, in one sentence.</param>
internal sealed record AlertAbout(string Org, string Rule, string Text);

/// <summary>One time that something was wrong, from its beginning to its end.</summary>
/// <param name="Org">The org whose rule it is; null: the alert is the platform's own.</param>
internal sealed record AlertEpisode(
    string Code, string Scope, string Since, decimal Value, decimal Limit, bool Over, string? Org = null, string? Rule = null)
{
    public static AlertEpisode Parse(string json) =>
        JsonSerializer.Deserialize(json, AlertJson.Default.AlertEpisode) ?? throw new JsonException("An episode is null.");
}

/// <param name="Value">What was seen when it was raised, or when it was over.</param>
/// <param name="Rule">The id of the alert rule; null: the alert is the platform's own.</param>
/// <param name="Text">The same in one sentence.</param>
internal sealed record AlertBody(
    string Alert, string Scope, string Value, string Limit, string Since, string? ResolvedAt, string? Rule = null, string? Text = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AlertEpisode))]
[JsonSerializable(typeof(AlertBody))]
internal sealed partial class AlertJson : JsonSerializerContext;
