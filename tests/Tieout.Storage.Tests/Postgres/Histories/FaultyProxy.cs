using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tieout.Storage.Tests.Postgres.Histories;

/// <summary>The network between one node and the database, and what happens to networks: lines are cut, answers are lost, nothing passes for a while, or nobody
/// says that a line is dead.</summary>
internal sealed class FaultyProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<int> _server;
    private readonly ConcurrentDictionary<TcpClient, byte> _lines = new();
    private volatile TaskCompletionSource _passing = Passing();
    private volatile bool _swallows;
    private int _cuts;

    /// <param name="server">The port of the database.</param>
    public FaultyProxy(Func<int> server)
    {
        _server = server;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The next answers to a commit are lost with their line: the database has committed.</summary>
    public void CutCommits(int count) => Interlocked.Exchange(ref _cuts, count);

    /// <summary>Nothing passes until <see cref="Pass"/>, and nothing is lost.</summary>
    public void Stall() => _passing = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whatever is sent from now on on the lines there are is lost, and both sides believe that the line is good: half-open.</summary>
    public void Swallow() => _swallows = true;

    public void Pass()
    {
        _passing.TrySetResult();
        if (!_swallows) return;
        _swallows = false;
        CutAll();
    }

    public void CutAll()
    {
        foreach (var line in _lines.Keys) line.Dispose();
        _lines.Clear();
    }

    public void Dispose()
    {
        Pass();
        _listener.Dispose();
        CutAll();
    }

    private static TaskCompletionSource Passing()
    {
        var passing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        passing.SetResult();
        return passing;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ConnectAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ConnectAsync(TcpClient client)
    {
        var server = new TcpClient();
        try
        {
            await _passing.Task;
            await server.ConnectAsync(IPAddress.Loopback, _server());
            (_lines[client], _lines[server]) = (0, 0);
            await Task.WhenAny(PumpAsync(client, server, isAnswer: false), PumpAsync(server, client, isAnswer: true));
        }
        catch (SocketException)
        {
            // The database is down, as the node will see.
        }
        finally
        {
            client.Dispose();
            server.Dispose();
            _lines.TryRemove(client, out _);
            _lines.TryRemove(server, out _);
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, bool isAnswer)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            for (int read; (read = await from.GetStream().ReadAsync(buffer)) > 0;)
            {
                await _passing.Task;
                if (_swallows) continue;
                if (isAnswer && buffer.AsSpan(0, read).IndexOf("COMMIT\0"u8) >= 0 && Interlocked.Decrement(ref _cuts) >= 0) return;
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException or InvalidOperationException or SocketException)
        {
            // One side is gone, so the other goes too.
        }
    }
}
