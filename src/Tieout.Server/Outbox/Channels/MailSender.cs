using System.Globalization;
using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;

namespace Tieout.Server.Outbox.Channels;

/// <summary>Hands one message to the mail server of the configuration, once. Remembers nothing; the outbox tries again.</summary>
internal sealed class MailSender(ServerOptions options)
{
    /// <exception cref="OperationCanceledException">The server stops; nothing is known of the message.</exception>
    public async Task<SendOutcome> SendAsync(string to, string messageId, OutboxRow message, CancellationToken stopping)
    {
        var (time, began) = (options.Time, options.Time.GetTimestamp());
        if (options.Smtp is not { } smtp) return Failed("smtp is not configured");
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        timeout.CancelAfter(options.Webhooks.Timeout);
        try
        {
            using var mail = MailText.Of(options.Doors.PublicUrl, messageId, message, smtp.From, to);
            await SendAsync(smtp, mail, timeout.Token);
            return new((int)SmtpStatusCode.Ok, Error: null, time.GetElapsedTime(began));
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return Failed(string.Create(CultureInfo.InvariantCulture, $"no answer within {options.Webhooks.Timeout.TotalSeconds} s"));
        }
        catch (SmtpCommandException refused)
        {
            var status = (int)refused.StatusCode;
            return new(status, string.Create(CultureInfo.InvariantCulture, $"the mail server answered {status}"), time.GetElapsedTime(began));
        }
        catch (Exception failure) when (failure is IOException or SocketException or ProtocolException or AuthenticationException or
            System.Security.Authentication.AuthenticationException or SslHandshakeException or NotSupportedException or CommandException)
        {
            return Failed(Cause(failure));
        }

        SendOutcome Failed(string error) => new(null, error, time.GetElapsedTime(began));
    }

    private async Task SendAsync(SmtpOptions smtp, MimeMessage mail, CancellationToken cancellationToken)
    {
        // A log of the protocol would have the password in it, so there is none.
        using var client = new SmtpClient();
        if (options.SmtpTrusts is { } trusts) client.ServerCertificateValidationCallback = trusts;
        await client.ConnectAsync(smtp.Host, smtp.Port, Security(smtp.Security), cancellationToken);
        if (smtp.User is { } user) await client.AuthenticateAsync(user, smtp.Password ?? "", cancellationToken);
        await client.SendAsync(mail, cancellationToken);

        try
        {
            await client.DisconnectAsync(quit: true, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or ProtocolException or CommandException or OperationCanceledException)
        {
            // The message is taken: it is not sent again because the good-bye failed.
        }
    }

    /// <summary>STARTTLS is asked for or the connection ends: nobody on the way can talk the client out of it.</summary>
    private static SecureSocketOptions Security(SmtpSecurity security) => security switch
    {
        SmtpSecurity.Tls => SecureSocketOptions.SslOnConnect,
        SmtpSecurity.None => SecureSocketOptions.None,
        _ => SecureSocketOptions.StartTls,
    };

    /// <summary>Our own words: what a mail server writes may contain anything.</summary>
    private static string Cause(Exception failure) => failure switch
    {
        SslHandshakeException or System.Security.Authentication.AuthenticationException => "no secure connection came about",
        AuthenticationException => "the mail server refused the user or the password",
        NotSupportedException => "the mail server does not offer STARTTLS or no known way to log in",
        SocketException => "no connection came about",
        _ => "the connection broke off",
    };
}
