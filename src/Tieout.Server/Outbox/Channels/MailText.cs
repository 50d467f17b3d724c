using System.Globalization;
using System.Net;
using System.Text;
using MimeKit;
using Tieout.Core.Ledger;

namespace Tieout.Server.Outbox.Channels;

/// <summary>A message as an e-mail: plain text, and the same as HTML in which everything is escaped and nothing is loaded.</summary>
internal static class MailText
{
    /// <summary>Longer subjects are cut by clients anyhow.</summary>
    private const int SubjectMax = 150;

    /// <param name="messageId">Becomes the Message-ID, the same at every attempt, so that a server that was sent it twice can know.</param>
    public static MimeMessage Of(Uri? publicUrl, string messageId, OutboxRow message, string from, string to)
    {
        var shown = MessageFields.Of(message.Type, message.Org, message.Body);
        var link = MessageLink.Of(publicUrl, message.Type, message.Org, message.Body);
        var sender = MailboxAddress.Parse(from);
        var body = new BodyBuilder { TextBody = Plain(shown, message, link), HtmlBody = Html(shown, message, link) };
        var mail = new MimeMessage
        {
            Subject = Line(MessageFields.Cut(shown.Text is null ? shown.Title : $"{shown.Title}: {shown.Text}", SubjectMax)),
            Date = message.RecordedAt.ToDateTimeOffset(),
            MessageId = $"{messageId}@{sender.Domain}",
            Body = body.ToMessageBody(),
        };
        mail.From.Add(sender);
        mail.To.Add(MailboxAddress.Parse(to));

        // No holiday notice is to answer it.
        mail.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        return mail;
    }

    private static string Plain(MessageFields shown, OutboxRow message, string? link)
    {
        var text = new StringBuilder(shown.Title).Append("\n\n");
        if (shown.Text is { } sentence) text.Append(sentence).Append("\n\n");
        foreach (var (name, value) in shown.Fields) text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\n");
        return text.Append(CultureInfo.InvariantCulture, $"\n{message.RecordedAt}\n{link}\n").ToString();
    }

    private static string Html(MessageFields shown, OutboxRow message, string? link)
    {
        var page = new StringBuilder("<!doctype html><html><body style=\"font:15px/1.45 sans-serif\">");
        page.Append(CultureInfo.InvariantCulture, $"<h3>{Text(shown.Title)}</h3>");
        if (shown.Text is { } sentence) page.Append(CultureInfo.InvariantCulture, $"<p>{Text(sentence)}</p>");
        page.Append("<table>");
        foreach (var (name, value) in shown.Fields) page.Append(CultureInfo.InvariantCulture, $"<tr><td>{Text(name)}</td><td>{Text(value)}</td></tr>");
        page.Append(CultureInfo.InvariantCulture, $"</table><p>{message.RecordedAt}</p>");
        if (link is not null) page.Append(CultureInfo.InvariantCulture, $"<p><a href=\"{Text(link)}\">{Text(link)}</a></p>");
        return page.Append("</body></html>").ToString();
    }

    /// <summary>One line: a line break in a subject would begin another header.</summary>
    private static string Line(string text) => new([.. text.Select(c => char.IsControl(c) ? ' ' : c)]);

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
