namespace Tieout.Core.Ledger.Tables;

public readonly struct PostingsTable : IChainedTable<PostingRow>
{
    public static string Name => "postings";
    public static byte Tag => 8;
    public static string Key => "seq";
    public static string? Last => "last_posting";
    public static PostingRow Blank { get; } = new(new(0, default, "", 0, 0, default, 0, null, 0, null, default, default), 0);
    public static IReadOnlyList<PostingRow> Rows(WriteSet writes) => writes.Postings;
    public static long Number(PostingRow row) => row.Posting.Seq;
    public static long LastIn(in Sequences last) => last.Posting;
    public static string Describe(PostingRow row) => $"{row.Posting.Seq}";

    public static void Write<TColumns>(ref TColumns to, PostingRow row)
        where TColumns : struct, IColumns
    {
        var posting = row.Posting;
        to.Long("seq", posting.Seq);
        to.Int("kind", (int)posting.Kind);
        to.Implied(posting.Org);
        to.Int("debit", posting.Debit);
        to.Int("credit", posting.Credit);
        to.Nanos("amount", posting.Amount);
        to.Long("usage_seq", posting.UsageSeq);
        to.OptionalText("command_id", posting.CommandId);
        to.Long("reverses", posting.Reverses);
        to.OptionalText("reason", posting.Reason);
        to.Long("effective_at", posting.EffectiveAt.UnixMicros);
        to.Long("recorded_at", posting.RecordedAt.UnixMicros);
        to.Int("posting_repair", posting.IsPostingRepair ? 1 : 0);
        to.Crc(row.Crc);
    }
}
