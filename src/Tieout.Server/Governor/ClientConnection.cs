using System.Net;

namespace Tieout.Server.Governor;

/// <summary>One open connection of a client.</summary>
internal sealed class ClientConnection(IPAddress address, Action close)
{
    private int _requests;
    private bool _hasAsked;

    public IPAddress Address => address;

    /// <summary>Its place among the connections that never sent a request; null: it sent one. Changed by <see cref="ConnectionTable"/>, under its
    /// lock.</summary>
    public LinkedListNode<ClientConnection>? SilentPlace { get; set; }

    /// <summary>Changed by <see cref="ConnectionTable"/>, under its lock.</summary>
    public bool IsOpen { get; set; } = true;

    public bool IsIdle => Volatile.Read(ref _requests) == 0;

    /// <returns>Whether it is the first request.</returns>
    public bool Begin()
    {
        Interlocked.Increment(ref _requests);
        return !_hasAsked && !Interlocked.Exchange(ref _hasAsked, true);
    }

    public void End() => Interlocked.Decrement(ref _requests);

    public void Close() => close();
}
