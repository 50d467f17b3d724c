using System.Text.Json;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>The one rule in front of every way of moving money by hand: no org that is frozen, and above a limit no person alone.</summary>
/// <remarks>It is asked for every command that bears an <see cref="AuditAction"/>, which is every command of a person. What the gateway measures passes
/// by.</remarks>
public static class MoneyByHand
{
    /// <summary>The name of the setting that freezes an org.</summary>
    public const string FreezeName = "adjustments";

    /// <summary>Why a person may not submit the command now; null: they may.</summary>
    internal static Outcome.Refused? Frozen(Draft draft, Command command, AuditAction action)
    {
        if (!command.IsMoneyByHand || command.IsKnown(draft)) return null;
        return Orgs(command).Any(org => Freezes(draft.Setting(SettingKind.AdjustmentFreeze, org, FreezeName), action))
            ? LedgerRules.Refuse(Refusal.AdjustmentsFrozen) : null;
    }

    /// <summary>Whether a second person must approve: the command, added to what its sender moved in the org today, is above the limit.</summary>
    /// <param name="moves">What the command moves; null: it has no amount.</param>
    internal static bool NeedsApproval(Draft draft, Command command, string person, ApprovalTerms terms, out Amount? moves)
    {
        moves = null;
        if (!command.IsMoneyByHand || command.IsKnown(draft)) return false;
        if (command.Moves(draft) is not { } nanos) return true;
        moves = new Amount(nanos);
        return nanos > 0 && MovedAlone.Of(draft, command.OrgId ?? "", person) + nanos > terms.Above.Nanos;
    }

    /// <summary>What several commands move together, in nano-units, whichever way; null: one of them has no amount.</summary>
    internal static Int128? Moves(Draft draft, IEnumerable<Command> commands)
    {
        var sum = Int128.Zero;
        foreach (var command in commands)
        {
            if (command.Moves(draft) is not { } moves) return null;
            sum += moves;
        }

        return sum;
    }

    private static IEnumerable<string> Orgs(Command command) =>
        command is Command.Together together ? together.Parts.SelectMany(Orgs).Append(together.Org).Distinct(StringComparer.Ordinal) : [command.OrgId ?? ""];

    /// <summary>A freeze by hand refuses everything; one that a reconciliation brought lets the findings be repaired.</summary>
    private static bool Freezes(SettingRow? setting, AuditAction action)
    {
        if (setting is null) return false;
        using var body = JsonDocument.Parse(setting.Body);
        if (!body.RootElement.GetProperty("frozen").GetBoolean()) return false;
        var byHand = body.RootElement.TryGetProperty("by", out var by) && by.ValueKind is JsonValueKind.String;
        return byHand || action.Finding is null;
    }
}
