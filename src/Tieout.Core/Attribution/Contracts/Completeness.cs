using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Attribution.Contracts;

/// <summary>How much of the billable usage has what a contract asks for: counted from lines, so it costs the same however many rows there are. The form of a
/// value is not counted, only whether it is there.</summary>
/// <remarks>Billable is a record that says that it was charged something. Sums of charges are those of the records, without later corrections.</remarks>
public sealed class Completeness(JoinContract contract)
{
    private readonly Dictionary<UsageSource, Requirement[]> _asked =
        Enum.GetValues<UsageSource>().ToDictionary(source => source, source => contract.Requirements(source).ToArray());

    private readonly SortedDictionary<string, MissingCount> _missing = new(StringComparer.Ordinal);

    /// <summary>Billable records.</summary>
    public long Billable { get; private set; }

    /// <summary>Of those, the ones that lack nothing.</summary>
    public long Complete { get; private set; }

    /// <summary>What all of them say they cost.</summary>
    public Amount Charge { get; private set; }

    /// <summary>What those say they cost that lack something: nobody can be shown it by every segment.</summary>
    public Amount Unattributed { get; private set; }

    /// <summary>What is missing, by requirement; a record that lacks two is in both.</summary>
    public IReadOnlyCollection<KeyValuePair<string, MissingCount>> Missing => _missing;

    /// <summary>From 0 to 1 with six decimals, rounded down, so that it is 1 only when nothing is missing. 1: there is nothing billable.</summary>
    public decimal Share => Billable == 0 ? 1 : Math.Floor(1_000_000m * Complete / Billable) / 1_000_000m;

    /// <summary>The part of the error budget that is used: 1 is all of it. Null: the objective leaves none, and something is missing.</summary>
    public decimal? BudgetUsed => (1 - contract.Objective, Billable - Complete) switch
    {
        (_, 0) => 0,
        (0, _) => null,
        var (allowed, lacking) => Math.Round(lacking / (allowed * Billable), 4),
    };

    public bool MeetsObjective => Complete >= contract.Objective * Billable;

    /// <param name="absent">The ids that the records lack.</param>
    public void Add(UsageLabels labels, AbsentIds absent, long billable, Amount charge)
    {
        if (billable == 0) return;
        var isComplete = true;
        foreach (var requirement in _asked[labels.Source])
        {
            if (requirement.AnyOf.Any(field => field.IsIn(labels, absent))) continue;
            isComplete = false;
            var missing = _missing.GetValueOrDefault(requirement.Name);
            _missing[requirement.Name] = new(missing.Records + billable, missing.Charge + charge);
        }

        Billable += billable;
        Charge += charge;
        if (isComplete) Complete += billable;
        else Unattributed += charge;
    }
}

/// <param name="Records">Billable records that lack it.</param>
/// <param name="Charge">What those say they cost.</param>
public readonly record struct MissingCount(long Records, Amount Charge);
