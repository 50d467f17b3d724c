using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Storage;

namespace Tieout.Server.Attribution;

/// <summary>The lineage of one envelope in one operation: every attempt is linked to the one before and stored with its hold.</summary>
/// <remarks>
/// Attempts of one envelope link one after another; should another server, or a loss of memory, have let one come in between, the ledger refuses the
/// link, and it is made anew from what is stored.
/// </remarks>
/// <param name="isNew">The envelope was made for this request, so nothing of it can be stored yet.</param>
[SuppressMessage("Design", "CA1001", Justification = "Nothing waits on the semaphore's handle, so there is nothing to give back.")]
internal sealed class EnvelopeChain(ILedger ledger, string org, string operation, CarriedEnvelope envelope, bool isNew)
{
    /// <summary>Far more than there are servers that could come first.</summary>
    private const int LinksMax = 32;

    private readonly SemaphoreSlim _linking = new(1);
    private (int No, byte[] Link)? _end = isNew ? (0, envelope.Root) : null;

    /// <exception cref="StoreUnavailableException">See <see cref="ILedger.SubmitAsync(Command, CancellationToken)"/>.</exception>
    public ValueTask<Outcome> SubmitAsync(Command.PlaceHold hold, LineageStep step) => AppendAsync(hold, audited: null, step);

    /// <param name="audited">Adds the audit action of a person (U1); null: the caller is a tenant.</param>
    /// <inheritdoc cref="SubmitAsync"/>
    public ValueTask<Outcome> HopAsync(LineageStep step, Func<Command, Command>? audited = null) => AppendAsync(hold: null, audited, step);

    /// <param name="hold">The hold that the step belongs to; null: the step is a hop.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Outcome> AppendAsync(Command.PlaceHold? hold, Func<Command, Command>? audited, LineageStep step)
    {
        await _linking.WaitAsync();
        try
        {
            for (var links = 1; ; links++)
            {
                var (no, previous) = _end ?? await EndAsync(ledger, org, operation, envelope.Issuance, CancellationToken.None) ?? (0, envelope.Root);

                // What is not known to stand is read again: a store that fails may have taken it all the same.
                _end = null;
                var row = Lineage.Append(envelope.LineageKey, envelope.Issuance, previous, no + 1, step);
                var append = new LineageAppend(previous, envelope.KeyId, envelope.TokenSha256, row) { IsNew = isNew && no == 0 };
                var outcome = await ledger.SubmitAsync(hold is null ? Hop(append, audited) : hold with { Lineage = append }, CancellationToken.None);
                if (outcome is Outcome.Done) _end = (row.No, row.Link);
                else if (outcome is Outcome.Refused { Reason: not Refusal.LineageMoved }) _end = (no, previous);
                if (outcome is not Outcome.Refused { Reason: Refusal.LineageMoved } || links == LinksMax) return outcome;
            }
        }
        finally
        {
            _linking.Release();
        }
    }

    private Command Hop(LineageAppend append, Func<Command, Command>? audited)
    {
        var hop = new Command.RecordHop(org, operation, append);
        return audited is null ? hop : audited(hop);
    }

    /// <summary>The last step stored of an issuance in an operation; null: there is none.</summary>
    public static async Task<(int No, byte[] Link)?> EndAsync(
        ILedger ledger, string org, string operation, string issuance, CancellationToken cancellationToken)
    {
        var stored = await ledger.Read.LineageAsync(org, operation, cancellationToken);
        return stored.Where(entry => entry.Row.Issuance == issuance).MaxBy(entry => entry.Row.No) is { Row: var last } ? (last.No, last.Link) : null;
    }
}
