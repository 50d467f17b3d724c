using Tieout.Core.Metering;

namespace Tieout.Core.Ledger.Tables;

public readonly struct HoldsTable : IChainedTable<HoldRow>
{
    public static string Name => "holds";

    public static byte Tag => 5;

    public static string Key => "seq";

    public static string? Last => "last_hold";

    public static HoldRow Blank { get; } = new(new(default, 0, 0, new() { Org = "", Source = UsageSource.Gateway }, null, "", default, default, default), 0);

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

public readonly struct HoldEndsTable : IChainedTable<InCommit<HoldEnd>>
{
    public static string Name => "hold_ends";

    public static byte Tag => 6;

    public static string Key => "commit_no";

    public static string? Last => null;

    public static InCommit<HoldEnd> Blank { get; } = new(new(HoldsTable.Blank.Hold, default, default, 0), 0);

    public static void Write<TColumns>(ref TColumns to, InCommit<HoldEnd> row)
        where TColumns : struct, IColumns
    {
        to.Long("hold", row.Row.Hold.Seq);
        to.Int("state", (int)row.Row.State);
        to.Long("ended_at", row.Row.EndedAt.UnixMicros);
        to.Commit(row.Commit);
        to.Crc(row.Row.Crc);
    }
}
