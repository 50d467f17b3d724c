using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;

namespace Tieout.Storage.Reconciliation;

/// <summary>What a run over the book is told from outside it.</summary>
/// <param name="RuntimeDue">The first second whose runtime usage need not be there yet; null: activity is not looked at.</param>
/// <param name="Now">What holds are overdue against.</param>
/// <param name="Progress">Rows done of rows in all.</param>
/// <param name="Full">Look at every row; false: go on where the last run of this process ended. The first always looks at every row.</param>
/// <param name="Accepted">Ids of findings that a person lets stand: they are left out, and take no room.</param>
/// <param name="Most">Findings about single rows that one book's run names; as many more of usage that is charged to another org than its envelope's. The rest
/// is counted (<see cref="BookReport.More"/>), and the next run goes on with it.</param>
public sealed record BookQuery(Instances Instances, long? RuntimeDue, Instant Now, Action<long, long>? Progress = null, bool Full = true,
    IReadOnlySet<string>? Accepted = null, int Most = BookQuery.FindingsMax)
{
    /// <summary>The default of <c>Most</c>: what was repaired or accepted makes room.</summary>
    public const int FindingsMax = 10_000;

    /// <summary>Odd rows that are remembered, of one book: some hundred megabytes.</summary>
    public const int SuspectsMax = 2_000_000;

    /// <summary>How long after its time a hold may still be open: the expiry looks at them one after another.</summary>
    public static readonly TimeSpan HoldGrace = TimeSpan.FromMinutes(5);
}

/// <param name="Uneven">Days of components on which less or more stands charged than they were active for.</param>
/// <param name="Checked">Rows and figures looked at.</param>
/// <param name="AsOf">The commit that all of it is as of.</param>
/// <param name="More">Odd rows that are not in the findings, since there are as many as <see cref="BookQuery"/> asks for.</param>
public sealed record BookReport(IReadOnlyList<Finding> Findings, IReadOnlyList<UnevenDay> Uneven, long Checked, long AsOf, long More);

/// <summary>Figures in memory, which readers are shown.</summary>
/// <param name="FirstOpenHold">No hold before it was open then; <see cref="long.MaxValue"/>: the tables say.</param>
internal sealed record ShownFigures(
    long AsOf, IReadOnlyList<Account> Accounts, IReadOnlyList<Core.Budgets.BudgetWindow> Windows, long FirstOpenHold = long.MaxValue);
