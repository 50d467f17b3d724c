using System.Text.Json;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Ledger;

/// <summary>The one rule in front of every way of moving money by hand: no org that is frozen, and above a limit no person alone.</summary>
/// <remarks>It is asked for every command that bears an <see cref="AuditAction"/>, which is every command of a person. What the gateway measures passes by.</remarks>
public static class MoneyByHand
{
    /// <summary>The name of the setting that freezes an org.</summary>
    public const string FreezeName = "adjustments";

    /// <summary>Whether a command moves money when a person submits it, or sets how much will be charged or owed.</summary>
    public static bool Is(Command command) => command switch
    {
        Command.TopUp or Command.Grant or Command.Correct or Command.ChargeRecorded or Command.Charge or Command.Settle or Command.Recharge => true,
        Command.Record { Kind: SettingKind.PricePolicy or SettingKind.PriceList } => true,
        Command.AddRecord { Kind: RecordKind.BillingDocument } record => record.Document is not BillingDocumentKind.Invoice,
        Command.OpenOrg open => open.Org.Billing == BillingMode.Postpaid || open.Org.CreditLineNanos > 0,
        Command.Together together => together.Parts.Any(Is),
        Command.ApproveProposal approve => Is(approve.Action),
        _ => false,
    };

    /// <summary>Why a person may not submit the command now; null: they may.</summary>
    internal static Outcome.Refused? Frozen(Draft draft, Command command, AuditAction action)
    {
        if (!Is(command) || IsKnown(draft, command)) return null;
        return Orgs(command).Any(org => Freezes(draft.Setting(SettingKind.AdjustmentFreeze, org, FreezeName), action)) ? LedgerRules.Refuse(Refusal.AdjustmentsFrozen) : null;
    }

    /// <summary>Whether a second person must approve: the command, added to what its sender moved in the org today, is above the limit.</summary>
    /// <param name="moves">What the command moves; null: it has no amount.</param>
    internal static bool NeedsApproval(Draft draft, Command command, string person, ApprovalTerms terms, out Amount? moves)
    {
        moves = null;
        if (!Is(command) || IsKnown(draft, command)) return false;
        if (Moves(draft, command) is not { } nanos) return true;
        moves = new Amount(nanos);
        return nanos > 0 && MovedAlone.Of(draft, command.OrgId ?? "", person) + nanos > terms.Above.Nanos;
    }

    /// <summary>What a command moves, in nano-units, whichever way; null: it has no amount, or no limit.</summary>
    private static Int128? Moves(Draft draft, Command command)
    {
        switch (command)
        {
            case Command.TopUp topUp: return Int128.Abs(topUp.Amount.Nanos);
            case Command.Grant grant: return Int128.Abs(grant.Amount.Nanos);
            case Command.Correct correct:
                var posted = draft.Posting(correct.Posting)?.Posting.Amount.Nanos ?? 0;
                return Int128.Abs((Int128)(correct.NewAmount?.Nanos ?? 0) - posted);
            case Command.ChargeRecorded charge: return Int128.Abs(draft.Recorded(charge.Usage)?.Charge.Nanos ?? 0);
            case Command.Charge charge: return Int128.Abs(charge.Usage.Charge.Nanos);
            case Command.Settle settle: return Sum([settle.Usage, .. settle.Inside]);
            case Command.OpenOrg open: return open.Org.CreditLineNanos;
            case Command.Record { Kind: SettingKind.PricePolicy or SettingKind.PriceList }: return null;
            case Command.Together together: return Sum(draft, together.Parts);
            case Command.Recharge recharge: return Sum(draft, recharge.Parts);
            default: return 0;
        }
    }

    private static Int128 Sum(IEnumerable<PricedUsage> parts) => parts.Aggregate(Int128.Zero, (sum, part) => sum + Int128.Abs(part.Charge.Nanos));

    private static Int128? Sum(Draft draft, IEnumerable<Command> parts)
    {
        var sum = Int128.Zero;
        foreach (var part in parts)
        {
            if (Moves(draft, part) is not { } moves) return null;
            sum += moves;
        }

        return sum;
    }

    /// <summary>Whether the command was carried out before: it moves nothing now, so its sender gets the answer of a replay (L3).</summary>
    private static bool IsKnown(Draft draft, Command command) => command switch
    {
        Command.TopUp c => draft.Command(c.Org, c.Id) is not null,
        Command.Grant c => draft.Command(c.Org, c.Id) is not null,
        Command.Correct c => draft.Command(c.Org, c.Id) is not null,
        Command.ChargeRecorded c => draft.Command(c.Org, c.Id) is not null,
        Command.Charge c => draft.Attempt(c.Usage.Usage.Id)?.Usage is not null,
        Command.Settle c => draft.Attempt(c.Usage.Usage.Id)?.Usage is not null,
        Command.OpenOrg c => draft.Org(c.Org.Id) is not null,
        Command.Record c => draft.Setting(c.Kind, c.Org, c.Name) is { } known && (c.Once || string.Equals(known.Body, c.Body, StringComparison.Ordinal)),
        Command.AddRecord c => draft.Record(c.Key) is { } known && (c.Once || string.Equals(known.Body, c.Body, StringComparison.Ordinal)),
        Command.Recharge c => c.Parts.All(part => IsKnown(draft, part)),
        Command.Together c => c.Parts.All(part => IsKnown(draft, part)),
        _ => false,
    };

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
