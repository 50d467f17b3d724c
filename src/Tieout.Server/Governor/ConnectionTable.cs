using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Tieout.Server.Configuration;
using Tieout.Server.Telemetry;

namespace Tieout.Server.Governor;

/// <summary>Open connections, in all and by address. A new connection takes the place of the oldest one without a request; where all are in use, it is
/// closed.</summary>
/// <remarks>So the limits always hold, the store always has files left, and a flood of silent connections closes only its own.</remarks>
internal sealed partial class ConnectionTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _addresses = [];
    private readonly LinkedList<ClientConnection> _silent = [];
    private readonly HashSet<ClientConnection> _open = [];
    private readonly ImmutableArray<IPNetwork> _trustedProxies;
    private long _closedForOthers, _refused;

    /// <param name="trustedProxies">These speak for many clients, so the limit of one address is not theirs.</param>
    public ConnectionTable(GovernorOptions options, ImmutableArray<IPNetwork> trustedProxies, long? openFiles, ILogger<ConnectionTable> logger)
    {
        _trustedProxies = trustedProxies;
        Max = OpenFiles.Connections(options.Connections, openFiles);
        PerAddressMax = Math.Min(Max, options.ConnectionsPerAddress ?? Math.Max(1, Max / 2));
        if (Max < options.Connections) LogLowered(logger, Max, options.Connections, openFiles ?? 0);
    }

    public int Max { get; }

    public int PerAddressMax { get; }

    public int Open
    {
        get
        {
            lock (_lock) return _open.Count;
        }
    }

    /// <summary>Connections without a request that were closed because others needed their place.</summary>
    public long ClosedForOthers => Volatile.Read(ref _closedForOthers);

    /// <summary>New connections that were closed because all others were in use.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Serves a connection, if there is a place for it.</summary>
    public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var address = AddressOf(connection.RemoteEndPoint);
        var client = new ClientConnection(
            address, () => connection.Abort(new ConnectionAbortedException("Another connection needed the place of this one, which had no request.")));
        if (!TryAdd(client))
        {
            Interlocked.Increment(ref _refused);
            connection.Abort(new ConnectionAbortedException("The server has as many connections as it may have, all of them in use."));
            return;
        }

        connection.Features.Set(client);
        try
        {
            await next(connection);
        }
        finally
        {
            Remove(client);
        }
    }

    /// <summary>A request begins on a connection.</summary>
    public void Begin(ClientConnection client)
    {
        if (!client.Begin()) return;
        lock (_lock) Speak(client);
    }

    /// <summary>Of IPv6, one client has a whole network: the first 64 bits count.</summary>
    internal static IPAddress AddressOf(EndPoint? remote)
    {
        if (remote is not IPEndPoint { Address: var address }) return IPAddress.None;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new(bytes);
    }

    internal bool TryAdd(ClientConnection client)
    {
        ClientConnection? closed;
        lock (_lock)
        {
            var isAddressFull = _addresses.GetValueOrDefault(client.Address) >= MaxOf(client.Address);
            closed = isAddressFull ? Idle(client.Address) : _open.Count >= Max ? Idle(address: null) : null;
            if (closed is null && (isAddressFull || _open.Count >= Max)) return false;
            if (closed is not null) Forget(closed);
            _addresses[client.Address] = _addresses.GetValueOrDefault(client.Address) + 1;
            _open.Add(client);
            client.SilentPlace = _silent.AddLast(client);
        }

        if (closed is null) return true;
        Interlocked.Increment(ref _closedForOthers);
        closed.Close();
        return true;
    }

    internal void Remove(ClientConnection client)
    {
        lock (_lock) Forget(client);
    }

    private int MaxOf(IPAddress address)
    {
        foreach (var network in _trustedProxies)
        {
            if (network.Contains(address)) return Max;
        }

        return PerAddressMax;
    }

    /// <summary>The oldest connection that never sent a request, else any that has none now; of one address, or of all.</summary>
    private ClientConnection? Idle(IPAddress? address)
    {
        foreach (var silent in _silent)
        {
            if (address is null || silent.Address.Equals(address)) return silent;
        }

        foreach (var open in _open)
        {
            if (open.IsIdle && (address is null || open.Address.Equals(address))) return open;
        }

        return null;
    }

    private void Forget(ClientConnection client)
    {
        if (!client.IsOpen) return;
        client.IsOpen = false;
        _open.Remove(client);
        Speak(client);
        if (--_addresses[client.Address] == 0) _addresses.Remove(client.Address);
    }

    private void Speak(ClientConnection client)
    {
        if (client.SilentPlace is not { } place) return;
        _silent.Remove(place);
        client.SilentPlace = null;
    }

    [LoggerMessage(EventId = LogEvents.ConnectionsLowered, Level = LogLevel.Information,
        Message = "Client connections are limited to {Connections}, not {Wanted}: the process may open {OpenFiles} files, and a request may need two. Raise the limit (LimitNOFILE, ulimit -n) to allow more")]
    private static partial void LogLowered(ILogger logger, int connections, int wanted, long openFiles);
}
