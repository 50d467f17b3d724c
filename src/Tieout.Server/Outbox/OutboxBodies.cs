using System.Text.Json.Serialization;
using Tieout.Server.Http;

namespace Tieout.Server.Outbox;

/// <param name="Org">Null: the platform's messages and every org's.</param>
/// <param name="Types">For example <c>invoice.issued</c> or <c>budget.*</c>; null or empty: all.</param>
/// <param name="Url">For an e-mail <c>mailto:</c> and one address.</param>
/// <param name="Id">Null: one is made.</param>
/// <param name="Format"><c>slack</c>: a text and blocks. Null: Standard Webhooks, or an e-mail.</param>
public sealed record NewWebhookBody(string Url, string? Org = null, IReadOnlyList<string>? Types = null, string? Id = null, string? Format = null);

/// <param name="Secret">Shown this once.</param>
public sealed record MadeWebhookBody(string Id, string Url, string? Org, IReadOnlyList<string> Types, string Secret);

/// <param name="RotatedUntil">Till then the secret before the last rotation signs too.</param>
/// <param name="Format"><c>standard</c>, <c>slack</c> or <c>mail</c>.</param>
public sealed record WebhookBody(
    string Id, string Url, string? Org, IReadOnlyList<string> Types, DateTimeOffset CreatedAt, DateTimeOffset? RotatedUntil, string Format = "standard")
{
    internal static WebhookBody Of(Webhook webhook) => new(
        webhook.Id, webhook.Url, webhook.Org, [.. webhook.Types], webhook.CreatedAt, webhook.PreviousUntil, webhook.Format ?? "standard");
}

public sealed record WebhookListBody(IReadOnlyList<WebhookBody> Items, long AsOf);

/// <param name="OverlapHours">How long the old secret signs too; 0 to 720, null: 24.</param>
public sealed record RotateWebhookBody(int? OverlapHours = null);

/// <param name="Status">Null: there was no answer.</param>
/// <param name="Error">Null: the endpoint took it.</param>
public sealed record WebhookTestBody(string Id, bool Delivered, int? Status, string? Error, int DurationMs);

/// <param name="State">waiting, delivered, dead or dropped.</param>
/// <param name="MessageId">What the endpoint sees as <c>webhook-id</c>.</param>
/// <param name="RecordedAt">When it happened.</param>
public sealed record DeliveryBody(
    string Endpoint, string? Org, string MessageId, string Type, string State, int Attempts, string RecordedAt, string? FirstAt, string? LastAt, int DurationMs,
    int? Status, string? Error)
{
    internal static DeliveryBody Of(Storage.Delivery delivery) => new(
        delivery.Endpoint, delivery.Org.Length == 0 ? null : delivery.Org, delivery.MessageId, delivery.Type, SnakeCase.Of(delivery.State), delivery.Attempts,
        delivery.RecordedAt.ToString(), delivery.FirstAt?.ToString(), delivery.LastAt?.ToString(), delivery.DurationMs, delivery.Status, delivery.Error);
}

/// <param name="OldestWaitingSeconds">Since the message that has waited longest was recorded; null: none waits.</param>
public sealed record DeliveryListBody(IReadOnlyList<DeliveryBody> Items, long Waiting, long? OldestWaitingSeconds, long Dead);

public sealed record ReplayedBody(int Replayed);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(NewWebhookBody))]
[JsonSerializable(typeof(MadeWebhookBody))]
[JsonSerializable(typeof(WebhookBody))]
[JsonSerializable(typeof(WebhookListBody))]
[JsonSerializable(typeof(RotateWebhookBody))]
[JsonSerializable(typeof(WebhookTestBody))]
[JsonSerializable(typeof(DeliveryListBody))]
[JsonSerializable(typeof(ReplayedBody))]
public sealed partial class OutboxJson : JsonSerializerContext;
