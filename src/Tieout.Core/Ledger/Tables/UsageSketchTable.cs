using Tieout.Core.Ledger.Sketches;

namespace Tieout.Core.Ledger.Tables;

/// <summary>Sketches of tokens and end users by org, hour and labels. They follow from usage, so they are in no chain; a write replaces what is stored by it
/// and what was counted.</summary>
public readonly struct UsageSketchTable : ITable<UsageSketch>
{
    public static string Name => "usage_sketches";

    /// <summary>The columns of the key, which come first.</summary>
    public const string Key = "org, start_at, attribution";

    public static UsageSketch Blank { get; } = new(default);

    public static void Write<TColumns>(ref TColumns to, UsageSketch row)
        where TColumns : struct, IColumns
    {
        to.Int("org", row.Key.Org);
        to.Long("start_at", row.Key.Start.UnixMicros);
        to.Int("attribution", row.Key.Labels);
        to.Long("attempts", row.Attempts);
        to.Bytes("input_tokens", row.InputTokens.Bytes());
        to.Bytes("output_tokens", row.OutputTokens.Bytes());
        to.Bytes("end_users", row.EndUsers.Bytes());
    }
}
