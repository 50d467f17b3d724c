using Tieout.Core.Ledger;
using Tieout.Server.Configuration;

namespace Tieout.Server.Outbox.Channels;

/// <summary>Sends one message to one endpoint, once, in the form that the endpoint takes.</summary>
internal sealed class ChannelSender(WebhookSender webhooks, MailSender mail, ServerOptions options)
{
    public bool CanSign => webhooks.CanSign;

    /// <exception cref="OperationCanceledException">The server stops; nothing is known of the message.</exception>
    public Task<SendOutcome> SendAsync(Webhook webhook, string messageId, OutboxRow message, CancellationToken stopping) => webhook.Format switch
    {
        Webhook.Mail => mail.SendAsync(webhook.Url[Webhook.MailScheme.Length..], messageId, message, stopping),
        Webhook.Slack => webhooks.SendAsync(webhook, messageId, SlackMessage.Body(options.Doors.PublicUrl, messageId, message), stopping),
        _ => webhooks.SendAsync(webhook, messageId, WebhookMessage.Body(options.Doors.PublicUrl, messageId, message), stopping),
    };
}
