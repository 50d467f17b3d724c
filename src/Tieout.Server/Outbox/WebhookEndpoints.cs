using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Attribution;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Outbox.Channels;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Outbox;

/// <summary>Endpoints: made, seen, given new secrets, tried out and removed.</summary>
internal static class WebhookEndpoints
{
    private const int TypesMax = 50;
    private const int OverlapHoursDefault = 24;
    private const int OverlapHoursMax = 720;

    public static void MapWebhooks(this IEndpointRouteBuilder api)
    {
        api.MapGet("/webhooks", List).Allow(Access.EveryRole);
        api.MapPost("/webhooks", Create).Allow(Access.Roles(AdminRole.Operator));
        api.MapPost("/webhooks/{id}/rotate", Rotate).Allow(Access.Roles(AdminRole.Operator));
        api.MapPost("/webhooks/{id}/test", Test).Allow(Access.Roles(AdminRole.Operator));
        api.MapPost("/webhooks/{id}/remove", Remove).Allow(Access.Roles(AdminRole.Operator)).Irreversible("tieout.webhook.remove", "webhook", "id");
    }

    private static IResult List(ILedger ledger)
    {
        var asOf = ledger.Read.AsOf;
        return Answer.Ok(
            new WebhookListBody([.. Webhook.All(ledger.Read).Values.OrderBy(webhook => webhook.CreatedAt)
                .ThenBy(webhook => webhook.Id, StringComparer.Ordinal).Select(WebhookBody.Of)], asOf), OutboxJson.Default.WebhookListBody);
    }

    private static async Task<IResult> Create(HttpContext context, ILedger ledger, ServerOptions options, EnvelopeSecretOf secret, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, OutboxJson.Default.NewWebhookBody);
        var master = Master(secret);
        var format = Format(body);
        if (WebhookAddress.Validate(body.Url, format, options) is { } flaw) throw new ApiRefusedException(ApiError.WebhookInvalid, flaw);
        if (body.Org is { } org) Inputs.Org(ledger, org);
        var id = body.Id is null ? "wh_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)) : Inputs.Name(body.Id, "id");
        if (ledger.Find(SettingKind.Webhook, "", id) is not null)
        {
            throw new ApiRefusedException(ApiError.IdReused, $"The id '{id}' is or was used by a webhook. Use another id.");
        }

        var webhook = new Webhook(id, body.Url, body.Org, Types(body.Types), time.GetUtcNow(), Removed: false, WebhookSecrets.NewName(), Format: format);
        await RecordAsync(ledger, webhook, AdminCalls.Of(context));
        return Answer.Made(isNew: true, Made(master, webhook), OutboxJson.Default.MadeWebhookBody);
    }

    private static async Task<IResult> Rotate(string id, HttpContext context, ILedger ledger, EnvelopeSecretOf secret, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, OutboxJson.Default.RotateWebhookBody);
        var (master, webhook, hours) = (Master(secret), Find(ledger, id), body.OverlapHours ?? OverlapHoursDefault);
        if (hours is < 0 or > OverlapHoursMax)
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, $"The old secret may sign on for 0 to {OverlapHoursMax} hours.");
        }

        var rotated = webhook with { Secret = WebhookSecrets.NewName(), PreviousSecret = webhook.Secret, PreviousUntil = time.GetUtcNow().AddHours(hours) };
        await RecordAsync(ledger, rotated, AdminCalls.Of(context));
        return Answer.Ok(Made(master, rotated), OutboxJson.Default.MadeWebhookBody);
    }

    /// <summary>Sends a message of the type <c>test</c>, now and once, whatever types the endpoint wants.</summary>
    private static async Task<IResult> Test(string id, HttpContext context, ILedger ledger, ChannelSender sender, EnvelopeSecretOf secret, TimeProvider time)
    {
        _ = Master(secret);
        var webhook = Find(ledger, id);
        await ledger.RecordActionAsync(AdminCalls.Of(context), webhook.Org ?? "");
        var message = $"evt_{Guid.CreateVersion7():n}";
        var row = new OutboxRow(0, message, webhook.Org ?? "", "test", """{"test":true}""", Instant.From(time.GetUtcNow()), Crc: 0);
        var outcome = await sender.SendAsync(webhook, message, row, context.RequestAborted);
        return Answer.Ok(new WebhookTestBody(webhook.Id, outcome.Error is null, outcome.Status, outcome.Error, (int)outcome.Took.TotalMilliseconds),
            OutboxJson.Default.WebhookTestBody);
    }

    private static async Task<IResult> Remove(string id, HttpContext context, ILedger ledger)
    {
        var webhook = Find(ledger, id);
        await RecordAsync(ledger, webhook with { Removed = true }, AdminCalls.Of(context));
        return Answer.Ok(WebhookBody.Of(webhook), OutboxJson.Default.WebhookBody);
    }

    private static async Task RecordAsync(ILedger ledger, Webhook webhook, AdminCall call) =>
        (await ledger.ActAsync(new Command.Record(SettingKind.Webhook, "", webhook.Id, webhook.ToJson(), Once: false), call)).OrThrow();

    private static Webhook Find(ILedger ledger, string id) =>
        Webhook.All(ledger.Read).GetValueOrDefault(id)
            ?? throw new ApiRefusedException(ApiError.WebhookNotFound, $"The webhook '{Inputs.Shown(id)}' does not exist.");

    private static EnvelopeSecret Master(EnvelopeSecretOf secret) =>
        secret.Value
            ?? throw new ApiRefusedException(ApiError.EnvelopesOff,
                $"Webhooks are signed with a key derived from {EnvelopeSecretFile.Variable}. Set it, or start with 'tieout serve', which makes one.");

    private static ImmutableArray<string> Types(IReadOnlyList<string>? types)
    {
        if (types is null) return [];
        if (types.Count > TypesMax) throw new ApiRefusedException(ApiError.WebhookInvalid, $"A webhook names at most {TypesMax} types; none means all.");
        foreach (var type in types)
        {
            if (!Names.IsValid(type.EndsWith('*') ? type[..^1] : type))
            {
                throw new ApiRefusedException(
                    ApiError.WebhookInvalid, $"'{Inputs.Shown(type)}' is not a type of message. Write for example invoice.issued or budget.*.");
            }
        }

        return [.. types];
    }

    /// <summary>Null: Standard Webhooks.</summary>
    private static string? Format(NewWebhookBody body)
    {
        if (body.Url.StartsWith(Webhook.MailScheme, StringComparison.Ordinal)) return Webhook.Mail;
        return body.Format is null or Webhook.Slack
            ? body.Format
            : throw new ApiRefusedException(ApiError.WebhookInvalid, $"'{Inputs.Shown(body.Format)}' is not a format: write slack, or leave it out.");
    }

    private static MadeWebhookBody Made(EnvelopeSecret master, Webhook webhook) =>
        new(webhook.Id, webhook.Url, webhook.Org, [.. webhook.Types], WebhookSecrets.Shown(master, webhook));
}
