using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Runtime;
using Tieout.Core.Tenancy;
using Tieout.Server.Ingest;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Runtime;

/// <summary>Takes charges of an instance back and makes the right ones, in one command: no moment has both, however tight the money is, and none has
/// neither.</summary>
internal sealed class RuntimeRecharge(ILedger ledger, Intake intake)
{
    private static readonly Caller Self = new(Org: null, AdminRole.Admin, "runtime");

    /// <param name="wrong">Usage whose charge shall not stand; of what nothing stands any more, nothing is taken back.</param>
    /// <param name="why">Stored with each reversal.</param>
    /// <param name="submit">Submits the command for a person; null: the meter does it by itself.</param>
    /// <returns>False: it cannot be charged, for lack of a price, so nothing was done.</returns>
    /// <exception cref="StoreUnavailableException">See <see cref="ILedger.SubmitAsync(Command, CancellationToken)"/>. Again is safe: all of it counts
    /// once.</exception>
    public async Task<bool> DoAsync(
        RuntimeInstance instance, IReadOnlyList<Due> right, IEnumerable<AttemptId> wrong, string why, CancellationToken cancellationToken,
        Func<Command, Task<Outcome>>? submit = null)
    {
        var charges = right.Select((due, index) => intake.Priced(RuntimeRecords.Item(instance, due, index), Self)).ToList();
        if (charges.Exists(charge => charge is null)) return false;
        var reversals = new List<Command.Correct>();
        foreach (var usage in wrong)
        {
            if (await StandingAsync(ledger.Read, instance.Org, usage, cancellationToken) is { } posting)
            {
                reversals.Add(new(ReversalOf(usage), instance.Org, posting.Seq, NewAmount: null, $"runtime {instance.Id}: {why}"));
            }
        }

        if (charges.Count + reversals.Count == 0) return true;
        var command = new Command.Recharge(instance.Org, [.. reversals], [.. charges.Select(charge => new Command.Charge(charge!, Fact: true))]);
        var outcome = submit is null ? await ledger.SubmitAsync(command, cancellationToken) : await submit(command);
        return outcome is Outcome.Done or Outcome.Replayed;
    }

    /// <summary>The id of the command by which a charge is taken back for what its activity really came to.</summary>
    public static string ReversalOf(AttemptId usage) => $"runtime-{usage}";

    /// <summary>What a usage record stands charged by: its charge, or what a correction entered instead; null: nothing stands.</summary>
    public static async Task<Posting?> StandingAsync(IAttemptsReader read, string org, AttemptId usage, CancellationToken cancellationToken)
    {
        if (await read.AttemptAsync(org, usage, cancellationToken) is not { Usage: not null } attempt) return null;
        var postings = (await read.RecordsAsync(org, attempt, cancellationToken)).Postings.Select(committed => committed.Row).ToList();
        foreach (var posting in postings)
        {
            if (posting.Kind is PostingKind.Charge or PostingKind.ReEntry
                && !postings.Exists(later => later.Kind == PostingKind.Reversal && later.Reverses == posting.Seq))
            {
                return posting;
            }
        }

        return null;
    }
}
