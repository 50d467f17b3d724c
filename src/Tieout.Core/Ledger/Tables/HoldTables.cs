using Tieout.Core.Metering;

namespace Tieout.Core.Ledger.Tables;

public readonly struct HoldsTable : IChainedTable<HoldRow>
{
    public static string Name => "holds";
    public static byte Tag => 5;
    public static string Key => "seq";
    public static string? Last => "last_hold";
    public static HoldRow Blank { get; } = new(new(default, 0, 0, new() { Org = "", Source = UsageSource.Gateway }, null, "", default, default, default), 0);
    public static IReadOnlyList<HoldRow> Rows(WriteSet writes) => writes.Holds;
    public static long Number(HoldRow row) => row.Hold.Seq;
    public static long LastIn(in Sequences last) => last.Hold;
    public static string Describe(HoldRow row) => $"{row.Hold.Seq} ({row.Hold.Id})";

    public static void Write<TColumns>(ref TColumns to, HoldRow row)
        where TColumns : struct, IColumns
    {
        var hold = row.Hold;
        to.Long("seq", hold.Seq);
        to.Id("id", hold.Id.Value);
        to.Int("attribution", hold.Labels);
        to.OptionalText("end_user", hold.EndUser);
        to.Text("operation_id", hold.OperationId);
        to.Nanos("amount", hold.Amount);
        to.Long("held_at", hold.HeldAt.UnixMicros);
        to.Long("expires_at", hold.ExpiresAt.UnixMicros);
        to.Crc(row.Crc);
    }
}

public readonly struct HoldEndsTable : IChainedTable<HoldEnd>
{
    public static string Name => "hold_ends";
    public static byte Tag => 6;
    public static string Key => "commit_no";
    public static string? Last => null;
    public static HoldEnd Blank { get; } = new(HoldsTable.Blank.Hold, default, default, 0, 0);
    public static IReadOnlyList<HoldEnd> Rows(WriteSet writes) => writes.HoldsEnded;
    public static long Number(HoldEnd row) => row.Commit;
    public static long LastIn(in Sequences last) => last.Commit;
    public static string Describe(HoldEnd row) => $"{row.Hold.Seq} ({row.Hold.Id})";

    public static void Write<TColumns>(ref TColumns to, HoldEnd row)
        where TColumns : struct, IColumns
    {
        to.Long("hold", row.Hold.Seq);
        to.Int("state", (int)row.State);
        to.Long("ended_at", row.EndedAt.UnixMicros);
        to.Commit(row.Commit);
        to.Crc(row.Crc);
    }
}
