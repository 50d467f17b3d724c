using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tieout.Simulation.LongChaos;

/// <summary>The network between one node and the database: it can be cut (connections reset, new ones refused) or stalled (connections stay open and carry
/// nothing).</summary>
internal sealed class Line : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, byte> _open = new();
    private readonly int _server;
    private volatile TaskCompletionSource _flows = Done();
    private volatile bool _isCut;

    public Line(int server)
    {
        _server = server;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Cut()
    {
        _isCut = true;
        foreach (var client in _open.Keys) client.Dispose();
    }

    public void Stall() => _flows = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends a cut or a stall.</summary>
    public void Mend()
    {
        _isCut = false;
        _flows.TrySetResult();
    }

    public void Dispose()
    {
        Mend();
        _listener.Dispose();
        foreach (var client in _open.Keys) client.Dispose();
    }

    private static TaskCompletionSource Done()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = CarryAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task CarryAsync(TcpClient node)
    {
        using var database = new TcpClient();
        try
        {
            if (_isCut) return;
            await database.ConnectAsync(IPAddress.Loopback, _server);
            (_open[node], _open[database]) = (0, 0);
            await Task.WhenAny(PumpAsync(node, database), PumpAsync(database, node));
        }
        catch (SocketException)
        {
            // The database is down: so is the connection.
        }
        finally
        {
            _open.TryRemove(node, out _);
            _open.TryRemove(database, out _);
            node.Dispose();
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            for (int read; (read = await from.GetStream().ReadAsync(buffer)) > 0;)
            {
                await _flows.Task;
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // One side is gone, so the other goes too.
        }
    }
}
