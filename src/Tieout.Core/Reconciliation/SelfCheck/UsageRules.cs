using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;

namespace Tieout.Core.Reconciliation.SelfCheck;

/// <summary>What is odd about one usage record and its charge, as a set, so that looking at ten million costs no memory.</summary>
[Flags]
public enum UsageDefects
{
    None = 0,
    Uncharged = 1,
    AmountDiffers = 2,
    ChargedAgain = 4,
    Mispriced = 8,
    Mislabelled = 16,
    Unattributed = 32,
    Overrun = 64,
    Unpriced = 128,
    Estimated = 256,
    Hidden = 512,
    OtherOrg = 1024,
    UnpricedUnits = 2048,
    AboveCeiling = 4096,
    Unreadable = 8192,
    SubCallsLeftOut = 16384,
}

/// <summary>A usage record with the charge that was made for it, looked at in full because something is odd about it.</summary>
/// <param name="Posting">The charge; null: there is none. Of a second charge, that one.</param>
/// <param name="IsTakenBack">Whether a correction has taken that charge back: what was wrong with it is repaired then.</param>
/// <param name="Charges">How many charges of the record stand.</param>
public sealed record OddUsage(UsageRow Row, ResolvedPrice? Price, Posting? Posting, bool IsTakenBack, int Charges, UsageDefects Defects)
{
    public UsageRecord Usage => Row.Usage;
}

/// <summary>From what is odd about a usage record to findings. Pure.</summary>
public static class UsageRules
{
    /// <summary>What the record itself says.</summary>
    public static UsageDefects Flags(ChargeFlags charge, UsageFlags usage, UsageBasis basis)
    {
        var defects = UsageDefects.None;
        if ((charge & ChargeFlags.Overrun) != 0) defects |= UsageDefects.Overrun;
        if ((charge & ChargeFlags.Unpriced) != 0) defects |= UsageDefects.Unpriced;
        if ((usage & UsageFlags.Unpriced) != 0 && (charge & ChargeFlags.Unpriced) == 0) defects |= UsageDefects.UnpricedUnits;
        if ((charge & ChargeFlags.AboveCeiling) != 0 || (usage & UsageFlags.ClaimWithheld) != 0) defects |= UsageDefects.AboveCeiling;
        if ((usage & UsageFlags.UsageUnreadable) != 0) defects |= UsageDefects.Unreadable;
        if ((usage & UsageFlags.SubCallsLeftOut) != 0) defects |= UsageDefects.SubCallsLeftOut;
        if (basis == UsageBasis.Estimated) defects |= UsageDefects.Estimated;
        if ((usage & (UsageFlags.TotalMismatch | UsageFlags.HiddenSubCalls)) != 0) defects |= UsageDefects.Hidden;
        return defects;
    }

    /// <param name="instances">By org and id.</param>
    /// <param name="rightOrg">Of a record that is charged to another org than its envelope's: that one.</param>
    /// <param name="rightKey">And the key that carried it out.</param>
    public static IEnumerable<Finding> Of(OddUsage odd, Instances instances, string? rightOrg = null, string? rightKey = null)
    {
        if (odd.Posting is null && odd.Defects.HasFlag(UsageDefects.Uncharged)) yield return Uncharged(odd);
        if (odd.Posting is not { } posting || odd.IsTakenBack) yield break;
        if (odd.Defects.HasFlag(UsageDefects.AmountDiffers))
        {
            yield return Usage(
                FindingCode.LedgerMismatch, odd, posting.Amount, odd.Row.Charge,
                $"posting {posting.Seq} charges {posting.Amount}, its usage record says {odd.Row.Charge}",
                new Repair.Reverse(posting.Seq, posting.Amount, odd.Row.Charge));
        }

        if (odd.Defects.HasFlag(UsageDefects.ChargedAgain) && odd.Charges > 1)
        {
            yield return new(
                FindingCode.DuplicateCharge, FindingScope.Of(odd.Usage, posting.Seq, posting.EffectiveAt), $"posting/{posting.Seq}",
                odd.Row.Charge + posting.Amount, odd.Row.Charge,
                $"posting {posting.Seq} charges usage {odd.Usage.Id} once more", Evidence(odd.Usage.Id),
                new Repair.Reverse(posting.Seq, posting.Amount, Anew: null));
            yield break;
        }

        if (odd.Defects.HasFlag(UsageDefects.Mispriced) && odd.Price is { } price) yield return Mispriced(odd, posting, price);
        if (Attribution(odd, posting, instances, rightOrg, rightKey) is { } attribution) yield return attribution;
        foreach (var (defect, code, question) in ToDecide)
        {
            if (odd.Defects.HasFlag(defect))
            {
                yield return Usage(code, odd, posting.Amount, Right(defect), Cause(defect, odd), new Repair.Decide(posting.Seq, question));
            }
        }
    }

    /// <summary>What one record says about itself, where a person must decide. For findings that the ledger opened in the commit of the charge.</summary>
    /// <param name="postings">Those of the record, in the order posted.</param>
    public static IEnumerable<Finding> Of(UsageRow row, IReadOnlyList<Posting> postings)
    {
        foreach (var charge in postings.Where(posting => posting.Kind == PostingKind.Charge).Take(1))
        {
            var isTakenBack = postings.Any(later => later.Reverses == charge.Seq);
            return Of(new OddUsage(row, Price: null, charge, isTakenBack, Charges: 1, Flags(row.Flags, row.Usage.Flags, row.Usage.Basis)), Instances.None);
        }

        return [];
    }

    /// <summary>Whether findings of the code are about what one record says about itself.</summary>
    public static bool IsToDecide(FindingCode code) => ToDecide.Any(one => one.Code == code);

    private static readonly (UsageDefects Defect, FindingCode Code, string Question)[] ToDecide =
    [
        (UsageDefects.Overrun, FindingCode.Overrun, "the provider was spent on, so the charge is valid unless it is reversed"),
        (UsageDefects.Unpriced, FindingCode.Unpriced, "what should it have cost"),
        (UsageDefects.UnpricedUnits, FindingCode.UnpricedDimension, "what should the units without a rate have cost"),
        (UsageDefects.Estimated, FindingCode.EstimatedUsage, "what does the provider's own record say"),
        (UsageDefects.AboveCeiling, FindingCode.UsageAboveCeiling, "how much of the provider's claim is right"),
        (UsageDefects.Unreadable, FindingCode.UsageUnreadable, "what does the provider's own record say"),
        (UsageDefects.SubCallsLeftOut, FindingCode.SubCallsLeftOut, "what does the provider's bill say"),
        (UsageDefects.Hidden, FindingCode.HiddenUsage, "what does the provider's bill say"),
        (UsageDefects.Unattributed, FindingCode.Unattributed, "whose is it"),
    ];

    /// <summary>An unattributed charge should be nobody's; of the others the right side is what only a person knows.</summary>
    private static Amount? Right(UsageDefects defect) => defect is UsageDefects.Unattributed ? Amount.Zero : null;

    private static string Cause(UsageDefects defect, OddUsage odd) => defect switch
    {
        UsageDefects.Overrun => "the account or a hard budget had less left than was really spent",
        UsageDefects.Unpriced => $"no price was known for {odd.Usage.Labels.Model ?? "the model"} of {odd.Usage.Labels.Provider ?? "its provider"}",
        UsageDefects.UnpricedUnits => $"price {odd.Row.Price} has no rate for {UnitsWithoutRate(odd)}",
        UsageDefects.Estimated => "no usage block arrived, so the counts are our own estimate",
        UsageDefects.AboveCeiling => $"the provider claims {Claimed(odd)} for an attempt that was not to cost so much; {odd.Row.Charge} is charged",
        UsageDefects.Unreadable => "the answer does not say what it used, so it is charged at what was held for it",
        UsageDefects.SubCallsLeftOut => "the provider claims more calls within the call than are charged without a decision",
        UsageDefects.Hidden => "the provider's own total is not the sum of its parts, or it ran calls that its counts leave out",
        _ => odd.Usage.Labels.Runtime is { } runtime
            ? $"no instance {runtime.AppInstance ?? "at all"} is registered" : $"no key {odd.Usage.Labels.Key} was ever issued",
    };

    private static string UnitsWithoutRate(OddUsage odd) => odd.Price is { } price
        ? string.Join(", ", price.WithoutRate(UnitCounts.Of(odd.Usage.Counts)).Select(counted => $"{counted.Value} {counted.Key}"))
        : "something that was used";

    private static Amount Claimed(OddUsage odd) => odd.Price is { } price ? ClaimLimit.Claimed(price, odd.Usage.Counts).Charge : odd.Row.Charge;

    private static Finding Uncharged(OddUsage odd) => Usage(
        FindingCode.LedgerMismatch, odd, left: null, odd.Row.Charge, "the usage record has no charge posting",
        new Repair.ChargeRecorded(odd.Row.Seq, odd.Row.Charge));

    private static Finding Mispriced(OddUsage odd, Posting posting, ResolvedPrice price)
    {
        if (!price.TryPrice(odd.Usage.Counts, out var priced))
        {
            return Usage(FindingCode.Mispriced, odd, posting.Amount, right: null, $"its counts cannot be priced at price {odd.Row.Price}",
                new Repair.Decide(posting.Seq, "what should it have cost"));
        }

        return Usage(
            FindingCode.Mispriced, odd, posting.Amount, priced.Charge, $"its counts at stored price {odd.Row.Price} come to {priced.Charge} (M3)",
            new Repair.Reverse(posting.Seq, posting.Amount, priced.Charge));
    }

    private static Finding? Attribution(OddUsage odd, Posting posting, Instances instances, string? rightOrg, string? rightKey)
    {
        if (rightOrg is not null && rightOrg != odd.Usage.Labels.Org)
        {
            var labels = With(odd.Usage.Labels, rightOrg, odd.Usage.Labels.Project, odd.Usage.Labels.Source, odd.Usage.Labels.Runtime, rightKey);
            return Relabelled(FindingCode.IdentityRebind, odd, posting, instances, labels,
                $"the attempt's envelope is {rightOrg}'s, the charge is {odd.Usage.Labels.Org}'s (A2)", $"org {rightOrg}");
        }

        if (!odd.Defects.HasFlag(UsageDefects.Mislabelled) || instances.Right(odd.Usage.Labels, odd.Usage.OccurredAt) is not { } right) return null;
        var (was, shall) = (odd.Usage.Labels, right);
        var code = was.Source != shall.Source ? FindingCode.WrongSource
            : was.Project != shall.Project || was.Runtime! with { IsControlPlane = false } != shall.Runtime! with { IsControlPlane = false }
            ? FindingCode.WrongAnchor
            : FindingCode.ControlPlaneDrift;
        var changes = string.Join(", ", Changes(was, shall));
        return Relabelled(code, odd, posting, instances, shall, $"the instance says {changes}", changes);
    }

    private static IEnumerable<string> Changes(UsageLabels was, UsageLabels shall)
    {
        if (was.Source != shall.Source) yield return $"source {shall.Source} instead of {was.Source}";
        if (was.Project != shall.Project) yield return $"project {shall.Project ?? "none"} instead of {was.Project ?? "none"}";
        var (before, now) = (was.Runtime!, shall.Runtime!);
        if (before.OperatingMode != now.OperatingMode) yield return $"mode {now.OperatingMode ?? "none"} instead of {before.OperatingMode ?? "none"}";
        if (before.ControlPlaneScope != now.ControlPlaneScope)
        {
            yield return $"control-plane scope {now.ControlPlaneScope ?? "none"} instead of {before.ControlPlaneScope ?? "none"}";
        }

        if (before.Backend != now.Backend) yield return $"backend {now.Backend ?? "none"} instead of {before.Backend ?? "none"}";
        if (before.IsControlPlane != now.IsControlPlane) yield return $"control plane {now.IsControlPlane} instead of {before.IsControlPlane}";
    }

    /// <summary>All of the charge is in the wrong place, and nothing of it should be.</summary>
    private static Finding Relabelled(FindingCode code, OddUsage odd, Posting posting, Instances instances, UsageLabels labels, string cause, string changes)
    {
        var again = odd.Usage with { Id = instances.NextId(odd.Usage, labels), Labels = labels, AttemptNo = odd.Usage.AttemptNo + 1 };
        var priced = new PricedUsage(again, odd.Price, odd.Row.ProviderCost, posting.Amount);
        return Usage(code, odd, posting.Amount, Amount.Zero, cause, new Repair.Relabel(priced, odd.Usage.Labels.Org, posting.Seq, changes));
    }

    private static Finding Usage(FindingCode code, OddUsage odd, Amount? left, Amount? right, string cause, Repair repair) => new(
        code, FindingScope.Of(odd.Usage, odd.Posting?.Seq, odd.Row.EffectiveAt), Finding.UsageKey(odd.Usage.Id), left, right, cause, Evidence(odd.Usage.Id),
        repair);

    private static string Evidence(AttemptId id) =>
        $"SELECT * FROM usage_records u LEFT JOIN ledger_entries e ON e.usage_id = u.usage_id WHERE u.usage_id = '{id}'";

    internal static UsageLabels With(UsageLabels labels, string org, string? project, UsageSource source, RuntimeLabels? runtime, string? key = null) => new()
    {
        Org = org,
        Project = project,
        Team = labels.Team,
        Key = key ?? labels.Key,
        Feature = labels.Feature,
        Provider = labels.Provider,
        Model = labels.Model,
        Source = source,
        Trigger = labels.Trigger,
        Runtime = runtime,
    };
}
