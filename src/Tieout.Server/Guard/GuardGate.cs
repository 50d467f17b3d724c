using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Guard;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Attribution;
using Tieout.Server.Http;
using Tieout.Storage;

namespace Tieout.Server.Guard;

/// <summary>Answers questions and records every answer before it is given (G1).</summary>
internal sealed class GuardGate(ILedger ledger, CurrentGuard guard, EnvelopeVerifier verifier, TimeProvider time)
{
    /// <param name="token">The envelope as it came; null: none did.</param>
    /// <param name="key">The key that asks; null: the platform.</param>
    /// <param name="submit">Submits the record of the decision; for a person it also names the action (U1).</param>
    /// <exception cref="StoreUnavailableException">Nothing is allowed: an answer that is not recorded is none.</exception>
    public async Task<GuardDecision> DecideAsync(
        GuardQuestion question, string? token, ApiKey? key, string callerId, Func<Command, Task<Outcome>> submit, CancellationToken cancellationToken)
    {
        var now = Instant.From(time.GetUtcNow());
        var verdict = token is null ? null : verifier.Verify(token, now);
        var terms = guard.Terms;
        var answer = GuardRules.Decide(terms, question, verdict, key, isUsed: false, now);
        if (answer is { Bound: { } bound, Policy: { } policy } && GuardRules.UseOf(policy, question, bound) is { } use
            && !await UseAsync(bound.Org, use, question, cancellationToken))
        {
            answer = GuardRules.Decide(terms, question, verdict, key, isUsed: true, now);
        }

        var decision = GuardDecision.Of(answer, question, token, callerId, key?.Org, now);
        (await submit(decision.Record(Filed(question.Resource.Owner, key)))).OrThrow();
        return decision;
    }

    /// <summary>Takes a name that can be taken once. It is taken before the decision is recorded: a server that ends in between has allowed nothing.</summary>
    /// <returns>False: it was taken before.</returns>
    private async Task<bool> UseAsync(string org, string use, GuardQuestion question, CancellationToken cancellationToken)
    {
        // Two uses are never the same content, so the second is not a replay of the first.
        var body = JsonSerializer.Serialize(
            new GuardUse(question.Action, question.Resource.Type, question.Resource.Id, question.Nonce, Guid.CreateVersion7().ToString("n")),
            GuardJson.Default.GuardUse);
        var outcome = await ledger.SubmitAsync(new Command.AddRecord(RecordKind.GuardUse, org, use, body, Once: true), cancellationToken);
        if (outcome is Outcome.Refused { Reason: Refusal.IdReused }) return false;
        outcome.OrThrow();
        return true;
    }

    /// <summary>The owner, where the caller may act for it; else the caller's own org; empty: the platform.</summary>
    private string Filed(string? owner, ApiKey? key) =>
        owner is not null && ledger.Read.Org(owner) is not null && (key is null || key.MayActFor(owner)) ? owner : key?.Org ?? "";
}
