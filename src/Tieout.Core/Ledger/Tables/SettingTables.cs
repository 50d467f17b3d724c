using Tieout.Core.Metering;

namespace Tieout.Core.Ledger.Tables;

public readonly struct SettingsTable : IChainedTable<SettingRow>
{
    public static string Name => "settings";
    public static byte Tag => 1;
    public static string Key => "seq";
    public static string? Last => "last_setting";
    public static SettingRow Blank { get; } = new(0, default, "", "", "", 0, default, 0);
    public static IReadOnlyList<SettingRow> Rows(WriteSet writes) => writes.Settings;
    public static long Number(SettingRow row) => row.Seq;
    public static long LastIn(in Sequences last) => last.Setting;
    public static string Describe(SettingRow row) => $"{row.Seq} ({row.Kind} {row.Name})";

    public static void Write<TColumns>(ref TColumns to, SettingRow row)
        where TColumns : struct, IColumns
    {
        to.Long("seq", row.Seq);
        to.Int("kind", (int)row.Kind);
        to.Text("org", row.Org);
        to.Text("name", row.Name);
        to.Text("body", row.Body);
        to.Long("after_hold", row.AfterHold);
        to.Long("recorded_at", row.RecordedAt.UnixMicros);
        to.Crc(row.Crc);
    }
}

public readonly struct LabelsTable : IChainedTable<LabelsRow>
{
    public static string Name => "attributions";
    public static byte Tag => 2;
    public static string Key => "no";
    public static string? Last => "last_labels";
    public static LabelsRow Blank { get; } = new(0, new() { Org = "", Source = UsageSource.Gateway }, 0);
    public static IReadOnlyList<LabelsRow> Rows(WriteSet writes) => writes.Labels;
    public static long Number(LabelsRow row) => row.No;
    public static long LastIn(in Sequences last) => last.Labels;
    public static string Describe(LabelsRow row) => $"{row.No}";

    public static void Write<TColumns>(ref TColumns to, LabelsRow row)
        where TColumns : struct, IColumns
    {
        var labels = row.Labels;
        to.Int("no", row.No);
        to.Text("org", labels.Org);
        to.OptionalText("project", labels.Project);
        to.OptionalText("team", labels.Team);
        to.OptionalText("key", labels.Key);
        to.OptionalText("feature", labels.Feature);
        to.OptionalText("provider", labels.Provider);
        to.OptionalText("model", labels.Model);
        to.Int("source", (int)labels.Source);
        to.OptionalText("trigger", labels.Trigger);
        var runtime = labels.Runtime;
        to.OptionalText("app_instance", runtime?.AppInstance);
        to.OptionalText("component", runtime?.Component);
        to.OptionalInt("control_plane", runtime is null ? null : runtime.IsControlPlane ? 1 : 0);
        to.OptionalText("operating_mode", runtime?.OperatingMode);
        to.OptionalText("control_plane_scope", runtime?.ControlPlaneScope);
        to.OptionalText("runtime_backend", runtime?.Backend);
        to.Crc(row.Crc);
    }
}

public readonly struct PricesTable : IChainedTable<PriceRow>
{
    public static string Name => "prices";
    public static byte Tag => 3;
    public static string Key => "no";
    public static string? Last => "last_price";
    public static PriceRow Blank { get; } = new(0, "", 0);
    public static IReadOnlyList<PriceRow> Rows(WriteSet writes) => writes.Prices;
    public static long Number(PriceRow row) => row.No;
    public static long LastIn(in Sequences last) => last.Price;
    public static string Describe(PriceRow row) => $"{row.No}";

    public static void Write<TColumns>(ref TColumns to, PriceRow row)
        where TColumns : struct, IColumns
    {
        to.Int("no", row.No);
        to.Text("body", row.Json);
        to.Crc(row.Crc);
    }
}

public readonly struct CommandsTable : IChainedTable<CommandRow>
{
    public static string Name => "commands";
    public static byte Tag => 4;
    public static string Key => "posting";
    public static string? Last => "last_posting";
    public static CommandRow Blank { get; } = new("", "", "", 0, 0);
    public static IReadOnlyList<CommandRow> Rows(WriteSet writes) => writes.Commands;
    public static long Number(CommandRow row) => row.Posting;
    public static long LastIn(in Sequences last) => last.Posting;
    public static string Describe(CommandRow row) => $"{row.Org}/{row.Id}";

    public static void Write<TColumns>(ref TColumns to, CommandRow row)
        where TColumns : struct, IColumns
    {
        to.Text("org", row.Org);
        to.Text("id", row.Id);
        to.Text("content", row.Content);
        to.Long("posting", row.Posting);
        to.Crc(row.Crc);
    }
}
