using System.Runtime.InteropServices;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;

namespace Tieout.Core.Ledger.Recounts;

/// <param name="Org">Number of the org's first account.</param>
/// <param name="Start">When the hour of UTC begins in which the rows count.</param>
/// <param name="Labels">Number of the labels.</param>
public readonly record struct ClassCostKey(int Org, Instant Start, int Labels);

/// <param name="Slot">When its slot begins; of a sum that is not told apart by time, where the range begins.</param>
public sealed record LabelledCosts(Instant Slot, UsageLabels Labels, ClassCosts Costs);

/// <summary>What the usage rows of an hour and labels were charged, by what it is for. Each row's charge is split at its own price, so tiers, batches and
/// policies are in it exactly. Together they are what the rows say they cost (T1).</summary>
public sealed class ClassCosts(ClassCostKey key)
{
    private readonly Int128[] _parts = new Int128[ChargeParts.Count];

    public ClassCostKey Key { get; } = key;

    /// <summary>In nano-units.</summary>
    public Int128 this[ChargeClass of]
    {
        get => _parts[(int)of];
        set => _parts[(int)of] = value;
    }

    /// <summary>Of rows whose charge was stated and names no price, so it has no classes.</summary>
    public Int128 Unclassed { get; set; }

    public Int128 Total
    {
        get
        {
            var total = Unclassed;
            foreach (var part in _parts) total += part;
            return total;
        }
    }

    /// <param name="price">The row's; null: it names none.</param>
    public void Count(in CountedUsage usage, ResolvedPrice? price)
    {
        if (price is null)
        {
            Unclassed += usage.Charge.Nanos;
            return;
        }

        // Below zero only in a damaged row, which verify names.
        if (usage.Charge < Amount.Zero)
        {
            this[ChargeClass.Other] += usage.Charge.Nanos;
            return;
        }

        var parts = ChargeParts.Of(price, usage.Counts, usage.Charge);
        for (var i = 0; i < ChargeParts.Count; i++) _parts[i] += parts[i];
    }

    public void Add(ClassCosts other)
    {
        Unclassed += other.Unclassed;
        for (var i = 0; i < ChargeParts.Count; i++) _parts[i] += other._parts[i];
    }
}

/// <summary>The costs of some usage rows by class, each row counted once.</summary>
public sealed class ClassCostStep
{
    private readonly Dictionary<ClassCostKey, ClassCosts> _lines = [];

    public IReadOnlyCollection<ClassCosts> Lines => _lines.Values;

    /// <summary>Null: no row counts there.</summary>
    public ClassCosts? Find(ClassCostKey key) => _lines.GetValueOrDefault(key);

    /// <param name="org">The org in the labels of the usage.</param>
    /// <inheritdoc cref="ClassCosts.Count"/>
    public void Add(in CountedUsage usage, ResolvedPrice? price, OrgState org)
    {
        var key = new ClassCostKey(org.FirstAccount, Recount.HourOf(usage.EffectiveAt), usage.Labels);
        ref var line = ref CollectionsMarshal.GetValueRefOrAddDefault(_lines, key, out _);
        (line ??= new(key)).Count(usage, price);
    }
}
