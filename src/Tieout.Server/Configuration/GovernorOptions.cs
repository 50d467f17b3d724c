using Tieout.Core.Ledger;

namespace Tieout.Server.Configuration;

/// <summary>What one caller, one org and all of them may occupy on one server: <c>governor:</c> of <c>tieout.yaml</c>. On by default.</summary>
public sealed record GovernorOptions
{
    /// <summary>Open connections of all clients. The server lowers it where the process may open fewer files.</summary>
    public int Connections { get; init; } = 10_000;

    /// <summary>Open connections of one client address (IPv6: of one /64 network). Null: half of all. Trusted proxies have no limit of their own.</summary>
    public int? ConnectionsPerAddress { get; init; }

    /// <summary>How long a client may take for the head of a request.</summary>
    public TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a connection without a request stays open.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Bytes a second that a client must send of a body, after ten seconds.</summary>
    public int BodyBytesPerSecond { get; init; } = 1_024;

    /// <summary>Requests in flight.</summary>
    public Shares Requests { get; init; } = new(8_192, 4_096, 2_048);

    /// <summary>Bytes of request bodies in memory, from the head of a request to the end of its answer.</summary>
    public Shares BodyBytes { get; init; } = new(512L << 20, 256L << 20, 128L << 20);

    /// <summary>Bytes of files that clients are uploading, through the disk.</summary>
    public Shares UploadBytes { get; init; } = new(4L << 30, 2L << 30, 1L << 30);

    /// <summary>Reads of stored rows at the same time.</summary>
    public Shares Reads { get; init; } = new(8, 4, 2);

    /// <summary>How long one read may take. Exports have no limit: they are read page by page.</summary>
    public TimeSpan ReadTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Files of an org at providers that have not ended; so for batches.</summary>
    public int ObjectsPerOrg { get; init; } = 10_000;

    /// <summary>What an org may occupy in the ledger. The same on every server of a store.</summary>
    public LedgerLimits Ledger { get; init; } = LedgerLimits.Default;
}

/// <summary>How much of one thing all callers, one org and one caller may have at the same time. The caller is a key or a token.</summary>
public sealed record Shares(long All, long Org, long Caller);
