using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;
using static Tieout.Core.Ledger.LedgerRules;

namespace Tieout.Core.Ledger;

/// <summary>Usage to charges: one attempt, one usage record, one charge posting (M1).</summary>
internal static class ChargeRules
{
    /// <summary>How far ahead of our clock another machine's may run before its usage is refused as of the future.</summary>
    private static readonly TimeSpan ClockSkewMax = TimeSpan.FromMinutes(5);

    public static Outcome Settle(Draft draft, Command.Settle command)
    {
        var usage = command.Usage.Usage;
        if (draft.ValidatePresence(usage.Id) is { } gone) return gone;
        if (draft.Attempt(usage.Id) is not { Hold: { } hold } attempt) return Refuse(Refusal.HoldNotFound);
        if (attempt.Usage is { } settled) return Again(draft, settled, command);
        if (IsTaken(draft, command)) return Refuse(Refusal.IdReused, "inside");
        if (ValidateAmounts(command) is { } refusal) return Refuse(refusal);
        if (!IsWithin(usage, hold)) return Refuse(Refusal.ScopeChanged);
        var total = command.Usage.Charge;
        foreach (var part in command.Inside)
        {
            if (!IsWithin(part.Usage, hold)) return Refuse(Refusal.ScopeChanged);
            total += part.Charge;
        }

        // After this point the settlement must succeed: the provider has been spent on, hold or no hold. The account is not asked for room: holds
        // stop at Amount.SumMax (10²⁷ nano-units), and each part is at most Amount.TransferMax (9 x 10¹⁸), so those in flight would have to come to
        // more than 10¹⁹ parts before the sum left 128 bits (1.7 x 10³⁸).
        var org = draft.Org(hold.Scope.Org)!;
        var late = attempt.State != HoldState.Open;
        if (!late) HoldRules.LetGo(draft, org, hold, HoldState.Settled);
        foreach (var part in command.Inside) PostHeld(draft, org, hold, late, Admitted(draft, hold, part));
        var done = PostHeld(draft, org, hold, late, Admitted(draft, hold, command.Usage), total > hold.Amount ? ChargeFlags.AboveCeiling : ChargeFlags.None);
        return command.Inside.IsEmpty ? done : done with { Figures = done.Figures with { Charge = total } };
    }

    public static Outcome Charge(Draft draft, Command.Charge command)
    {
        var usage = command.Usage.Usage;
        if (OfKnownId(draft, command) is { } stands) return stands;
        if (ValidateCharge(draft, command) is { } wrong) return Refuse(wrong);
        var org = draft.Org(usage.Labels.Org)!;
        if (command.Lineage is { } step && LineageRules.ValidateStep(draft, org.Org.Id, usage.OperationId, step) is { } flaw) return Refuse(flaw);
        var effectiveAt = EffectiveAt(draft, org, usage.OccurredAt);
        var priced = Admitted(draft, command.Usage, effectiveAt);
        usage = priced.Usage;
        var lacking = Headroom.Validate(draft, org, usage.Labels, usage.EndUser, priced.Charge, effectiveAt);
        if (lacking is not null && (!command.Fact || command.BeyondMax < Headroom.Beyond(draft, org, usage.Labels, usage.EndUser, priced.Charge, effectiveAt)))
        {
            return lacking;
        }

        // After this point the charge must succeed.
        if (command.Lineage is { } append) draft.Add(org.Org.Id, usage.OperationId, append);
        return Post(draft, org, priced, usage.OccurredAt, ChargeFlags.None, lacking);
    }

    /// <summary>What is answered because the id is taken; null: it is not.</summary>
    public static Outcome? OfKnownId(Draft draft, Command.Charge command)
    {
        if (draft.Attempt(command.Usage.Usage.Id) is not { } known) return null;
        if (draft.ValidatePresence(command.Usage.Usage.Id) is { } gone) return gone;
        return Conflicts.Of(known.Usage, command.Usage) is { } field ? Refuse(Refusal.IdReused, field) : Again(draft, known.Usage!, known.Usage!.Charge);
    }

    /// <summary>Why it can never be charged, whatever is left; null: it can.</summary>
    public static Refusal? ValidateCharge(Draft draft, Command.Charge command)
    {
        if (ValidateAmounts(command.Usage) is { } refusal) return refusal;
        if (CountLimits.Check(command.Usage.Usage.Counts, default) is not null) return Refusal.CountTooLarge;
        if (draft.Org(command.Usage.Usage.Labels.Org) is not { } org) return Refusal.OrgNotFound;
        if (command.Usage.Usage.OccurredAt > draft.Now + ClockSkewMax) return Refusal.OccurredInFuture;
        return Fits(draft.Account(org, AccountKind.Revenue), command.Usage.Charge) ? null : Refusal.SumTooLarge;
    }

    /// <summary>What comes late, after its period was closed, counts in the open one (I2). A fast clock's future counts as now.</summary>
    public static Instant EffectiveAt(Draft draft, OrgState org, Instant occurredAt) =>
        occurredAt < org.OpenFrom || occurredAt > draft.Now ? draft.Now : occurredAt;

    /// <summary>Moves a charge or its correction in every window that counts it, and tells the thresholds it crosses.</summary>
    public static void MoveWindows(Draft draft, UsageLabels labels, string? endUser, Amount change, Instant effectiveAt)
    {
        foreach (var budget in draft.Matching(labels, endUser))
        {
            if (!budget.CountsAt(effectiveAt)) continue;
            var window = draft.TouchWindow(budget, endUser, effectiveAt);
            window.Posted += change;
            Thresholds.Tell(draft, budget, window);
        }
    }

    /// <summary>Usage that ends a hold, under the hold's scope and end user.</summary>
    private static PricedUsage Admitted(Draft draft, Hold hold, PricedUsage priced)
    {
        var usage = priced.Usage;
        var labels = LabelRules.Admit(draft, usage.Labels, hold);
        return ReferenceEquals(labels, usage.Labels) && string.Equals(usage.EndUser, hold.EndUser, StringComparison.Ordinal)
            ? priced
            : priced with { Usage = usage with { Labels = labels, EndUser = hold.EndUser } };
    }

    private static PricedUsage Admitted(Draft draft, PricedUsage priced, Instant effectiveAt)
    {
        var usage = priced.Usage;
        var labels = LabelRules.Admit(draft, usage.Labels);
        var endUser = LabelRules.AdmitEndUser(draft, labels, usage.EndUser, effectiveAt);
        return ReferenceEquals(labels, usage.Labels) && ReferenceEquals(endUser, usage.EndUser)
            ? priced : priced with { Usage = usage with { Labels = labels, EndUser = endUser } };
    }

    private static Outcome.Done PostHeld(Draft draft, OrgState org, Hold hold, bool late, PricedUsage priced, ChargeFlags flags = ChargeFlags.None)
    {
        var usage = priced.Usage;
        var lacking = Headroom.Validate(draft, org, usage.Labels, usage.EndUser, priced.Charge, EffectiveAt(draft, org, hold.HeldAt));
        return Post(draft, org, priced, hold.HeldAt, late ? flags | ChargeFlags.Late : flags, lacking, hold.Amount);
    }

    /// <param name="lacking">Which headroom the charge passes, if it does.</param>
    private static Outcome.Done Post(
        Draft draft, OrgState org, PricedUsage priced, Instant occurredAt, ChargeFlags flags, Outcome.Refused? lacking, Amount? held = null)
    {
        var usage = priced.Usage;
        var charge = priced.Charge;
        var effectiveAt = EffectiveAt(draft, org, occurredAt);
        if (lacking is not null) flags |= ChargeFlags.Overrun;
        if (IsUnpriced(priced)) flags |= ChargeFlags.Unpriced;

        var row = draft.Add(priced, flags, effectiveAt);
        var posting = draft.Post(org, PostingKind.Charge, AccountKind.Customer, AccountKind.Revenue, charge, effectiveAt, row.Seq);
        MoveWindows(draft, usage.Labels, usage.EndUser, charge, effectiveAt);
        draft.Cell(effectiveAt, row.Labels).Count(row);
        if (flags != ChargeFlags.None || usage.Flags != UsageFlags.None || usage.Basis == UsageBasis.Estimated)
        {
            OpenFindings(draft, org, row, priced.Price, lacking, held);
        }

        return new(posting, FiguresAfter.Of(draft, org, usage.Labels, usage.EndUser, charge));
    }

    /// <summary>Usage from elsewhere may come with its amount and needs no price then; a zero is none, so nothing is ever silently free.</summary>
    private static bool IsUnpriced(PricedUsage priced) => priced.Price is null && priced.Usage.Basis switch
    {
        UsageBasis.Failed => false,
        UsageBasis.Imported => priced.Charge == Amount.Zero && priced.ProviderCost == Amount.Zero,
        _ => true,
    };

    private static void OpenFindings(Draft draft, OrgState org, UsageRow row, ResolvedPrice? price, Outcome.Refused? lacking, Amount? held)
    {
        void Open(FindingCode code, string detail) => draft.AddFinding(code, org.Org.Id, row.Usage.Id, detail);

        if (lacking is not null) Open(FindingCode.Overrun, Details.Overrun(row, lacking));
        if (row.Flags.HasFlag(ChargeFlags.AboveCeiling) || row.Usage.Flags.HasFlag(UsageFlags.ClaimWithheld))
        {
            Open(FindingCode.UsageAboveCeiling, Details.AboveCeiling(row, price, held));
        }

        if (row.Usage.Flags.HasFlag(UsageFlags.UsageUnreadable)) Open(FindingCode.UsageUnreadable, Details.Usage(row));
        if (row.Usage.Flags.HasFlag(UsageFlags.SubCallsLeftOut)) Open(FindingCode.SubCallsLeftOut, Details.Usage(row));
        if (row.Flags.HasFlag(ChargeFlags.Late)) Open(FindingCode.LateSettlement, Details.Usage(row));
        if (row.Flags.HasFlag(ChargeFlags.Unpriced)) Open(FindingCode.Unpriced, Details.Usage(row));
        if (row.Usage.Flags.HasFlag(UsageFlags.Unpriced) && price is not null) Open(FindingCode.UnpricedDimension, Details.UnpricedUnits(row, price));
        if (row.Usage.Basis == UsageBasis.Estimated) Open(FindingCode.EstimatedUsage, Details.Usage(row));
        if ((row.Usage.Flags & (UsageFlags.TotalMismatch | UsageFlags.HiddenSubCalls)) != 0) Open(FindingCode.HiddenUsage, Details.Usage(row));
        if ((row.Usage.Flags & (UsageFlags.ReportedCostDiffers | UsageFlags.UsageRepeated)) != 0) Open(FindingCode.UsageDisputed, Details.Usage(row));
    }

    /// <summary>A settlement stands with all that was inside it, or not at all.</summary>
    private static Outcome Again(Draft draft, UsageRow stands, Command.Settle asked)
    {
        if (Conflicts.Of(stands, asked.Usage) is { } field) return Refuse(Refusal.IdReused, field);
        var total = stands.Charge;
        foreach (var part in asked.Inside)
        {
            if (Conflicts.Of(draft.Attempt(part.Usage.Id)?.Usage, part) is { } inside) return Refuse(Refusal.IdReused, $"inside.{inside}");
            total += part.Charge;
        }

        return Again(draft, stands, total);
    }

    private static Outcome.Replayed Again(Draft draft, UsageRow stands, Amount charge)
    {
        var usage = stands.Usage;
        return new(stands.Seq, FiguresAfter.Of(draft, draft.Org(usage.Labels.Org)!, usage.Labels, usage.EndUser, charge));
    }

    /// <summary>Whether an id inside a settlement is taken: by what stands, or within the settlement itself.</summary>
    private static bool IsTaken(Draft draft, Command.Settle command)
    {
        for (var i = 0; i < command.Inside.Length; i++)
        {
            var id = command.Inside[i].Usage.Id;
            if (draft.Attempt(id) is not null) return true;
            for (var earlier = 0; earlier < i; earlier++)
            {
                if (command.Inside[earlier].Usage.Id == id) return true;
            }
        }

        return false;
    }

    /// <summary>The first reason, in their order, why an amount of a settlement cannot be charged; null: all can.</summary>
    private static Refusal? ValidateAmounts(Command.Settle settle)
    {
        var first = ValidateAmounts(settle.Usage);
        foreach (var part in settle.Inside)
        {
            if (ValidateAmounts(part) is { } refusal && !(first <= refusal)) first = refusal;
        }

        return first;
    }

    private static Refusal? ValidateAmounts(PricedUsage priced) =>
        LedgerRules.ValidateAmount(priced.Charge, zeroIsFine: true) ?? LedgerRules.ValidateAmount(priced.ProviderCost, zeroIsFine: true);

    private static bool IsWithin(UsageRecord usage, Hold hold) =>
        (usage.Labels.SameScope(hold.Scope) || hold.Scope.CoversScope(usage.Labels)) && UsageLabels.Covers(hold.EndUser, usage.EndUser);
}
