using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tieout.Server.Tests.BadInput;

/// <summary>A provider that answers with whatever bytes a test wants, in whatever pieces, and keeps the requests as they arrived.</summary>
internal sealed class RawProvider : IAsyncDisposable
{
    private const int RequestBytesMax = 1024 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _serving;

    private RawProvider()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>What is answered next, in these pieces; then the connection is closed.</summary>
    public IReadOnlyList<byte[]> Answer { get; set; } = [];

    /// <summary>Each request's head and body.</summary>
    public List<string> Requests { get; } = [];

    public string Url => $"http://{_listener.LocalEndpoint}";

    public static RawProvider Start() => new();

    /// <summary>An answer of HTTP/1.1 whose end is the end of the connection.</summary>
    public static byte[] Http(string contentType, byte[] body, string headers = "") =>
        [.. Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {contentType}\r\nConnection: close\r\n{headers}\r\n"), .. body];

    private async Task ServeAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync();
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            using (client) await AnswerAsync(client);
        }
    }

    private async Task AnswerAsync(Socket client)
    {
        client.NoDelay = true;
        try
        {
            var request = await ReadAsync(client);
            lock (Requests) Requests.Add(request);
            foreach (var piece in Answer) await client.SendAsync(piece);
            client.Shutdown(SocketShutdown.Send);

            // Closing with something unread would be a reset, which overtakes what was sent.
            while (await client.ReceiveAsync(new byte[1024]) > 0) { }
        }
        catch (SocketException)
        {
            // The gateway has hung up.
        }
    }

    private static async Task<string> ReadAsync(Socket client)
    {
        var (buffer, length) = (new byte[RequestBytesMax], 0);
        while (length < buffer.Length)
        {
            var read = await client.ReceiveAsync(buffer.AsMemory(length));
            if (read == 0) break;
            length += read;
            var text = Encoding.Latin1.GetString(buffer, 0, length);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0 && length - end - 4 >= BodyLength(text[..end])) return text;
        }

        return Encoding.Latin1.GetString(buffer, 0, length);
    }

    private static int BodyLength(string head)
    {
        const string name = "\r\nContent-Length: ";
        var at = head.IndexOf(name, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? 0 : int.Parse(head[(at + name.Length)..].Split("\r\n")[0], CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
    }
}
