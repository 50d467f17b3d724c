using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tieout.Server.Tests.BadInput;

/// <summary>A client that sends bytes as no HTTP library would, over one connection.</summary>
internal sealed class RawClient : IAsyncDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly StringBuilder _received = new();

    public static async Task<RawClient> ConnectAsync(string url, int receiveBytes = 64 * 1024)
    {
        var client = new RawClient();
        client._socket.ReceiveBufferSize = receiveBytes;
        var address = new Uri(url);
        await client._socket.ConnectAsync(IPAddress.Parse(address.Host), address.Port);
        return client;
    }

    /// <summary>Sends it all on a connection of its own and returns all that comes back until nothing more does.</summary>
    /// <param name="patience">How long to wait for more; the server keeps a good connection open.</param>
    public static async Task<string> ExchangeAsync(string url, byte[] bytes, TimeSpan? patience = null)
    {
        await using var client = await ConnectAsync(url);
        await client.TrySendAsync(bytes);
        await client.ReceiveAsync(patience ?? TimeSpan.FromSeconds(15));
        return client._received.ToString();
    }

    /// <returns>False: the server has closed the connection.</returns>
    public async Task<bool> TrySendAsync(byte[] bytes)
    {
        try
        {
            await _socket.SendAsync(bytes);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Reads until the server closes, or until nothing came for a while.</summary>
    /// <returns>Whether the server closed.</returns>
    public async Task<bool> ReceiveAsync(TimeSpan patience)
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            using var over = new CancellationTokenSource(patience);
            try
            {
                var read = await _socket.ReceiveAsync(buffer, over.Token);
                if (read == 0) return true;
                _received.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
            catch (SocketException)
            {
                return true;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
    }

    public string Received => _received.ToString();

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
