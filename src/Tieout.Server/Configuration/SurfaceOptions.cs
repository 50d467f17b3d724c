using System.Collections.Immutable;

namespace Tieout.Server.Configuration;

/// <summary>Another book that can be compared with by name, and by schedule.</summary>
/// <remarks>Where it is comes from the configuration only: whoever may call the API must not make the server reach for addresses.</remarks>
/// <param name="Org">Null: all orgs, of a provider's bill.</param>
/// <param name="Key">What is compared by, as <c>tie --key</c> takes it.</param>
/// <param name="Amount">The column with the figure; null: a bill's own.</param>
/// <param name="Unit">usd, cents or credits; null: a bill's own.</param>
/// <param name="Every">How often it is compared by itself; null: only when asked.</param>
/// <param name="Days">How many days before today are compared with it, each time; from 0.</param>
public sealed record SurfaceOptions(string Name, string? Org, string Key, string? Amount, string? Unit, SurfaceSource Source, TimeSpan? Every, int Days)
{
    /// <summary>For the whole reading.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>More rows are refused.</summary>
    public long RowsMax { get; init; } = 500_000;

    /// <summary>Of a bill: whose usage it is for; null: its format's own.</summary>
    public string? Provider { get; init; }

    public override string ToString() => $"{Name}, {Source.Kind}, for {Org ?? "all orgs"}";
}

/// <summary>Where a surface's rows come from. Exactly one of the cases below.</summary>
public abstract record SurfaceSource
{
    private SurfaceSource() { }

    public abstract string Kind { get; }

    /// <param name="Connection"><c>postgres://user@host:port/database</c>.</param>
    /// <param name="Query">Null: whoever asks sends one; it can only read what the connection's role may.</param>
    public sealed record Sql(string Connection, string? Query) : SurfaceSource
    {
        public override string Kind => "sql";

        /// <summary>Not the connection: it may hold a password.</summary>
        public override string ToString() => Kind;
    }

    /// <param name="Token">Sent as a bearer token; null: none.</param>
    /// <param name="Rows">The members that lead to the array of rows; empty: the answer is the array.</param>
    public sealed record Http(Uri Url, string? Token, ImmutableArray<string> Rows) : SurfaceSource
    {
        public override string Kind => "http";

        public override string ToString() => Kind;
    }

    /// <param name="Format">csv, jsonl, or a provider's bill, as <c>tie --right-format</c> takes it.</param>
    public sealed record InFile(string Path, string Format) : SurfaceSource
    {
        public override string Kind => "file";
    }
}
