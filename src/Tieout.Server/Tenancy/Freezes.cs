using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Storage;

namespace Tieout.Server.Tenancy;

/// <summary>Whether money of an org may be moved by hand.</summary>
/// <param name="By">The token that froze or unfroze it; null: a reconciliation froze it, which still lets findings be corrected.</param>
public sealed record FreezeBody(string Org, bool Frozen, string Reason, string? By, string At);

/// <summary>Freezes of orgs, as settings hold them.</summary>
internal static class Freezes
{
    /// <summary>Null: the org was never frozen.</summary>
    public static FreezeBody? Of(ILedger ledger, string org) =>
        ledger.Find(SettingKind.AdjustmentFreeze, org, MoneyByHand.FreezeName) is { } row
            ? JsonSerializer.Deserialize(row.Body, TenancyJson.Default.FreezeBody) : null;

    public static Command Record(FreezeBody body) =>
        new Command.Record(
            SettingKind.AdjustmentFreeze, body.Org, MoneyByHand.FreezeName, JsonSerializer.Serialize(body, TenancyJson.Default.FreezeBody), Once: false);
}
