using Tieout.Storage.Writing;

namespace Tieout.Bench.Ledger;

/// <summary>What to measure. <c>tieout bench ledger</c>.</summary>
/// <param name="Batch">Commands a commit.</param>
/// <param name="Charges">Charges, or pairs of hold and settlement, or single holds, in all.</param>
/// <param name="Orgs">Orgs they are spread over; each has budgets on itself, two teams and three keys.</param>
/// <param name="Folder">An empty folder on the disk to be measured.</param>
/// <param name="Postgres">The address of a database of the server to be measured: a database of its own is made there, and dropped again. Null: the embedded
/// store.</param>
/// <param name="Nodes">Ledgers on that database, with connections of their own, that share every org. More than one is measured beside one alone, in the same
/// run; the embedded store has one.</param>
/// <param name="RatePerS">Single holds a second that arrive whether or not the ledger keeps up. Null: each when the one before it is answered.</param>
public sealed record LedgerBenchOptions(
    int Batch, long Charges, int Orgs, LedgerBenchMode Mode, string Folder, string? Postgres = null, int Nodes = 1, int? RatePerS = null)
{
    /// <summary>Whether rows are counted beside the writer, as in a server.</summary>
    public bool Follower { get; init; }

    /// <summary>Of what comes at a rate, whatever waits is committed together, as in the product.</summary>
    internal int BatchMax => RatePerS is null ? Batch : LedgerWriter.BatchMax;
}

public enum LedgerBenchMode
{
    /// <summary>Usage measured already: record, charge, windows.</summary>
    Charge,

    /// <summary>What the gateway does: a hold, then the settlement that ends it. Counted in pairs.</summary>
    HoldSettle,

    /// <summary>One hold a command: after another, or at a rate.</summary>
    SingleHold,
}

/// <param name="LimitRowsPerS">The same rows a second by a plain loop without rules (on PostgreSQL: COPY), same layout, same durability, same batch. Null at a
/// rate, which is no limit's.</param>
/// <param name="P50Ms">From handing a batch in to its outcomes being durable; at a rate, from when the hold was due, so that a stall is seen by all whom it
/// keeps waiting.</param>
/// <param name="CpuS">Processor seconds of the product's part alone, all cores.</param>
/// <param name="SecondsTotal">Of the product's part.</param>
/// <param name="OneNode">The same by one node alone, turn and turn about in the same run; null: there was one only.</param>
public sealed record LedgerBenchResult(
    long Charges, int Batch, decimal ChargesPerS, decimal? LimitRowsPerS, decimal? RatioToLimit, decimal P50Ms, decimal P99Ms, decimal P999Ms, decimal CpuS,
    decimal SecondsTotal, decimal ManagedMb, int Nodes, int? RatePerS, LedgerBenchResult? OneNode);
