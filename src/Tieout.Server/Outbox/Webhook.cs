using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Storage;

namespace Tieout.Server.Outbox;

/// <summary>An endpoint that is told what happens. Its secret is not here: it is derived from the server's own (<see cref="WebhookSecrets"/>).</summary>
/// <param name="Org">Whose messages; null: the platform's and every org's.</param>
/// <param name="Types">Empty: all.</param>
/// <param name="Secret">Which secret signs: the name it is derived by, no secret itself.</param>
/// <param name="Format">In which form it is told: <see cref="Slack"/> or <see cref="Mail"/>; null: Standard Webhooks.</param>
/// <param name="PreviousSecret">Signs too until <paramref name="PreviousUntil"/>, so that a receiver can change over in its own time.</param>
public sealed record Webhook(
    string Id, string Url, string? Org, ImmutableArray<string> Types, DateTimeOffset CreatedAt, bool Removed, string Secret, string? PreviousSecret = null,
    DateTimeOffset? PreviousUntil = null, string? Format = null)
{
    /// <summary>A text and blocks, as Slack and compatible chats take it.</summary>
    public const string Slack = "slack";

    /// <summary>An e-mail; the url is <c>mailto:</c> and an address.</summary>
    public const string Mail = "mail";

    /// <summary>What the url of an e-mail endpoint begins with.</summary>
    public const string MailScheme = "mailto:";

    public string ToJson() => JsonSerializer.Serialize(this, WebhookJson.Default.Webhook);

    /// <exception cref="JsonException">Not a webhook's JSON.</exception>
    public static Webhook Parse(string json) => JsonSerializer.Deserialize(json, WebhookJson.Default.Webhook) ?? throw new JsonException("A webhook is null.");

    internal Subscription Subscription => new(Id, Org, Types, Instant.From(CreatedAt));

    /// <summary>Those that are in use, by id.</summary>
    internal static Dictionary<string, Webhook> All(IOrgs orgs) => orgs.Settings.Where(row => row.Kind is SettingKind.Webhook).Select(row => Parse(row.Body))
        .Where(webhook => !webhook.Removed).ToDictionary(webhook => webhook.Id, StringComparer.Ordinal);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Webhook))]
internal sealed partial class WebhookJson : JsonSerializerContext;
