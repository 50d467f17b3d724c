using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Tieout.Server.Tests.Outbox;

/// <param name="LogIn">The user and password of AUTH PLAIN; null: nobody logged in.</param>
/// <param name="IsSecure">Whether it came over TLS.</param>
internal sealed record ReceivedMail(string From, string To, string Data, string? LogIn, bool IsSecure);

/// <summary>A small mail server on a port of this machine: as much of SMTP as a client needs to hand in a message.</summary>
internal sealed class MailServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly X509Certificate2 _certificate = Certificate();
    private readonly Task _accepting;

    public MailServer()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ConcurrentQueue<ReceivedMail> Seen { get; } = [];

    /// <summary>All that clients wrote before TLS began, and all of it where it never did.</summary>
    public StringBuilder Plain { get; } = new();

    public bool OffersTls { get; init; } = true;

    /// <summary>What the server answers to a message; it is taken with 250.</summary>
    public Func<string> Answer { get; set; } = () => "250 2.0.0 taken";

    public async Task<List<ReceivedMail>> WaitForAsync(int count)
    {
        for (var i = 0; i < 1_000 && Seen.Count < count; i++) await Task.Delay(20, TestContext.Current.CancellationToken);
        return [.. Seen];
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        _certificate.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                _ = ServeAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        Stream stream = client.GetStream();
        var (from, to, logIn, isSecure) = ("", "", (string?)null, false);
        try
        {
            await WriteAsync(stream, "220 test");
            while (await LineAsync(stream, isSecure) is { } line)
            {
                var verb = line.Split(' ', ':')[0].ToUpperInvariant();
                if (verb == "STARTTLS")
                {
                    await WriteAsync(stream, "220 go on");
                    var tls = new SslStream(stream);
                    await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stopping.Token);
                    (stream, isSecure) = (tls, true);
                    continue;
                }

                if (verb == "AUTH") logIn = Encoding.UTF8.GetString(Convert.FromBase64String(line.Split(' ')[^1])).Replace('\0', ' ').Trim();
                if (verb == "MAIL") from = line;
                if (verb == "RCPT") to = line;
                if (verb == "DATA")
                {
                    await WriteAsync(stream, "354 go on");
                    var data = new StringBuilder();
                    while (await LineAsync(stream, isSecure) is { } text && text != ".") data.Append(text).Append('\n');
                    var answer = Answer();
                    if (answer.StartsWith("250", StringComparison.Ordinal)) Seen.Enqueue(new(from, to, data.ToString(), logIn, isSecure));
                    await WriteAsync(stream, answer);
                    continue;
                }

                await WriteAsync(stream, verb switch
                {
                    "EHLO" => $"250-test\r\n{(OffersTls && !isSecure ? "250-STARTTLS\r\n" : "")}250 AUTH PLAIN",
                    "AUTH" => "235 welcome",
                    "QUIT" => "221 bye",
                    _ => "250 ok",
                });
                if (verb == "QUIT") return;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            // The client went away.
        }
        finally
        {
            await stream.DisposeAsync();
        }
    }

    private async Task<string?> LineAsync(Stream stream, bool isSecure)
    {
        var (line, one) = (new List<byte>(), new byte[1]);
        while (await stream.ReadAsync(one, _stopping.Token) == 1)
        {
            if (!isSecure)
            {
                lock (Plain) Plain.Append((char)one[0]);
            }

            if (one[0] == '\n') return Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
            line.Add(one[0]);
        }

        return null;
    }

    private async Task WriteAsync(Stream stream, string text)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text + "\r\n"), _stopping.Token);
        await stream.FlushAsync(_stopping.Token);
    }

    private static X509Certificate2 Certificate()
    {
        using var key = RSA.Create(2_048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
