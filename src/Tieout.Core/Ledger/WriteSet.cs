using Tieout.Core.Budgets;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>Everything that one batch of commands makes durable, in one transaction or not at all, and the outcome of each command.</summary>
/// <remarks>The lists are rows to append; <see cref="HoldsEnded"/> changes the state of rows; accounts, windows and cells follow from the rows.</remarks>
public sealed class WriteSet
{
    public required ChainRow Chain { get; init; }

    /// <summary>Whether nothing is to be made durable: every command was refused or a replay. Then the chain stays as it was.</summary>
    public required bool IsEmpty { get; init; }

    /// <summary>One a command, in their order.</summary>
    public required IReadOnlyList<Outcome> Outcomes { get; init; }

    public IReadOnlyList<LabelsRow> Labels { get; init; } = [];
    public IReadOnlyList<PriceRow> Prices { get; init; } = [];
    public IReadOnlyList<CommandRow> Commands { get; init; } = [];
    public IReadOnlyList<HoldRow> Holds { get; init; } = [];

    /// <summary>By hold number.</summary>
    public IReadOnlyList<HoldEnd> HoldsEnded { get; init; } = [];
    public IReadOnlyList<UsageRow> Usage { get; init; } = [];
    public IReadOnlyList<PostingRow> Postings { get; init; } = [];
    public IReadOnlyList<SettingRow> Settings { get; init; } = [];
    public IReadOnlyList<FindingRow> Findings { get; init; } = [];
    public IReadOnlyList<OutboxRow> Outbox { get; init; } = [];

    public IReadOnlyList<ObjectRow> Objects { get; init; } = [];

    /// <summary>By object number.</summary>
    public IReadOnlyList<ObjectEnd> ObjectsEnded { get; init; } = [];

    public IReadOnlyList<LineageEntry> Lineage { get; init; } = [];

    /// <summary>What people asked for, with the outcomes (U1).</summary>
    public IReadOnlyList<AuditRow> Audit { get; init; } = [];

    public IReadOnlyList<RecordRow> Records { get; init; } = [];

    /// <summary>Accounts as they stand after the batch.</summary>
    public required IReadOnlyCollection<Account> Accounts { get; init; }

    /// <summary>Budget windows as they stand after the batch.</summary>
    public required IReadOnlyCollection<BudgetWindow> Windows { get; init; }

    /// <summary>What the batch adds to each cell.</summary>
    public required IReadOnlyCollection<CellChange> Cells { get; init; }

    /// <summary>The tables that have rows here. Known when the rows are sealed.</summary>
    public TableSet Filled { get; internal set; }

    /// <summary>How many rows are appended, without the link of the chain. Known when the rows are sealed.</summary>
    public int RowCount { get; internal set; }
}

/// <summary>A row that the hash chain covers. <see cref="ChainedTables"/> lists the tables of such rows.</summary>
/// <param name="Crc">CRC-32C of the row's canonical bytes; see <see cref="RowBytes"/>.</param>
public abstract record ChainedRow(uint Crc)
{
    /// <summary>Set once, when the batch that makes the row is sealed: a copy of each row would cost more than the CRC.</summary>
    public uint Crc { get; internal set; } = Crc;
}

/// <summary>New labels and the number they got.</summary>
public sealed record LabelsRow(int No, UsageLabels Labels, uint Crc) : ChainedRow(Crc);

/// <summary>A price that was charged at for the first time, and the number it got.</summary>
public sealed record PriceRow(int No, string Json, uint Crc) : ChainedRow(Crc);

/// <summary>A money command that stands, so that its id counts once, for ever.</summary>
/// <param name="Content">What was asked, as canonical JSON: a replay has the same, a conflict another.</param>
/// <param name="Posting">The (first) posting it made.</param>
public sealed record CommandRow(string Org, string Id, string Content, long Posting, uint Crc) : ChainedRow(Crc);

public sealed record HoldRow(Hold Hold, uint Crc) : ChainedRow(Crc);

/// <param name="Commit">The commit that ends it.</param>
/// <param name="Crc">Of the end alone (hold, state, time): the row's creation keeps its own.</param>
public sealed record HoldEnd(Hold Hold, HoldState State, Instant EndedAt, long Commit, uint Crc) : ChainedRow(Crc);

/// <summary>A usage record with its charge.</summary>
/// <param name="Seq">Its place among all usage records, from 1.</param>
/// <param name="Price">Number of the price; 0: unpriced.</param>
/// <param name="EffectiveAt">That of its charge posting.</param>
public sealed record UsageRow(
    long Seq, UsageRecord Usage, int Labels, int Price, Amount ProviderCost, Amount Charge, ChargeFlags Flags, Instant EffectiveAt, Instant RecordedAt,
    uint Crc) : ChainedRow(Crc);

/// <summary>What is odd about a charge. Stored: a released value is never renumbered.</summary>
[Flags]
public enum ChargeFlags
{
    None = 0,

    /// <summary>The account or a hard budget had less left than was really spent (L2). Always a finding.</summary>
    Overrun = 1,

    /// <summary>The hold had ended before the usage came.</summary>
    Late = 2,

    /// <summary>No price was known: charged zero, and a finding, so never silently free.</summary>
    Unpriced = 4,

    /// <summary>More was used than its hold said it could. Always a finding.</summary>
    AboveCeiling = 64,
}

public sealed record PostingRow(Posting Posting, uint Crc) : ChainedRow(Crc);

/// <param name="AfterHold">The last hold before it: a new budget counts the holds that come after.</param>
public sealed record SettingRow(long Seq, SettingKind Kind, string Org, string Name, string Body, long AfterHold, Instant RecordedAt, uint Crc)
    : ChainedRow(Crc);

/// <summary>A typed difference or oddity that someone should look at.</summary>
/// <param name="Detail">JSON object: both sides, the difference, the cause.</param>
public sealed record FindingRow(long Seq, FindingCode Code, string Org, AttemptId? Attempt, string Detail, Instant RecordedAt, uint Crc) : ChainedRow(Crc);

/// <summary>A message to be delivered at least once, in order within its org.</summary>
public sealed record OutboxRow(long Seq, string Id, string Org, string Type, string Body, Instant RecordedAt, uint Crc) : ChainedRow(Crc);

/// <summary>The link of the hash chain that covers one commit (L8).</summary>
/// <param name="Hash">SHA-256 over the previous hash, <paramref name="Commit"/>, <paramref name="RecordedAt"/> and the canonical bytes of every row of the
/// commit, table by table in the order of <see cref="ChainedTables"/>.</param>
/// <param name="Last">The last number given in each table, so that a missing last row shows.</param>
public sealed record ChainRow(long Commit, byte[] Previous, byte[] Hash, Instant RecordedAt, Sequences Last)
{
    /// <summary>Set once, when the rows of the commit are sealed.</summary>
    public byte[] Hash { get; internal set; } = Hash;
}

/// <summary>The last number given in each table.</summary>
public readonly record struct Sequences(
    long Commit, long Usage, long Posting, long Hold, long Setting, long Finding, long Outbox, int Labels, int Price, int Account, int Budget, long Object,
    long Lineage,
    long Audit, long Record);
