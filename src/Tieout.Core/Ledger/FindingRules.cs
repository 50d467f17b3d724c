using System.Text.Json;

namespace Tieout.Core.Ledger;

/// <summary>A finding counts once under its id: it is told when it opens, when it ends, and when it opens again; never for being seen again.</summary>
internal static class FindingRules
{
    /// <param name="before">How it stood until now; null: it was never there.</param>
    /// <param name="command">Its body has <c>state</c>: <c>open</c>, or how it ended.</param>
    public static void Tell(Draft draft, SettingRow? before, Command.Record command)
    {
        using var body = JsonDocument.Parse(command.Body);
        var finding = body.RootElement;
        if (IsOpen(finding))
        {
            // It stays open with other figures: the newest content counts, and nobody is told twice.
            if (before is not null && IsOpen(before.Body)) return;
            draft.AddFinding(finding.GetProperty("code").GetString()!, finding.GetProperty("severity").GetString()!, command.Org, attempt: null, command.Body);
        }
        else
        {
            draft.Tell($"finding/{command.Name}/{draft.LastSetting + 1}", command.Org, "finding.ended", command.Body);
        }
    }

    private static bool IsOpen(string text)
    {
        using var body = JsonDocument.Parse(text);
        return IsOpen(body.RootElement);
    }

    private static bool IsOpen(JsonElement finding) => finding.GetProperty("state").ValueEquals("open");
}
