using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;

namespace Tieout.Storage;

/// <summary>Sums over ranges of time, as of the newest commit: what the follower counted, and the rows after it. They cost the same however many rows there
/// are.</summary>
public interface IRecountReader
{
    /// <summary>An org's usage and charges of a range by labels, and by day or hour where asked.</summary>
    Task<IReadOnlyList<LabelledLine>> SumsAsync(RecountQuery query, CancellationToken cancellationToken);

    /// <summary>How attempts ended that count in a range and what corrected them, by labels, traits and the ids they lack, and by day or hour
    /// where asked.</summary>
    Task<IReadOnlyList<StatusCount>> StatusesAsync(RecountQuery query, CancellationToken cancellationToken);

    /// <summary>What an org's usage of a range was charged by class of tokens and labels, and by hour where asked. Corrections move money and no usage row, so
    /// they are not in it.</summary>
    Task<IReadOnlyList<LabelledCosts>> ClassCostsAsync(RecountQuery query, CancellationToken cancellationToken);

    /// <summary>An org's charges of a month and how its balance moved until then, both as of one commit.</summary>
    /// <param name="from">Where a month begins in the org's zone.</param>
    /// <param name="to">Where it ends. Not included.</param>
    Task<MonthSums> MonthAsync(OrgState org, Instant from, Instant to, CancellationToken cancellationToken);
}

/// <summary>The same sums by the name of the org.</summary>
public static class Recounts
{
    /// <summary>Charges and their corrections of a range, by project, provider, model and source. Empty: there is no such org.</summary>
    public static async Task<IReadOnlyList<ChargeSum>> ChargesAsync(
        this ILedgerReader read, string org, Instant from, Instant to, CancellationToken cancellationToken) =>
        read.Org(org) is { } state ? ChargeSum.ByModel(await read.SumsAsync(new(state, from, to), cancellationToken)) : [];

    /// <summary>How attempts ended that count in a range, of one org or of all. Corrections of attempts of other times are left out.</summary>
    public static async Task<IReadOnlyList<StatusCount>> StatusesAsync(
        this ILedgerReader read, string? org, Instant from, Instant to, CancellationToken cancellationToken)
    {
        List<StatusCount> all = [];
        foreach (var state in read.Orgs.Where(state => org is null || state.Org.Id == org))
        {
            all.AddRange((await read.StatusesAsync(new(state, from, to), cancellationToken)).Where(line => line.Attempts > 0));
        }

        return all;
    }
}

/// <param name="Lines">Charges of the month, by labels.</param>
/// <param name="Months">How the balance moved, month by month, the asked one last if anything moved in it.</param>
public sealed record MonthSums(IReadOnlyList<LabelledLine> Lines, IReadOnlyList<MonthLine> Months);
