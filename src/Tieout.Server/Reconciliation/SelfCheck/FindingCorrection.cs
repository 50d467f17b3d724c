using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Invoicing;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.SelfCheck;

/// <summary>Carries out what a finding proposes. Every step counts once, so a correction that broke off is done again whole.</summary>
/// <param name="evidence">Captures how rows stood before anything was done, and after all of it was.</param>
internal sealed class FindingCorrection(ILedger ledger, ReconciliationRun reconciling, EvidenceCapture evidence, TimeProvider time)
{
    /// <exception cref="ApiRefusedException">It is not found any more, or needs a decision or something that is not here.</exception>
    public async Task<CorrectedBody> CorrectAsync(string id, CorrectFindingRequest request, AdminCall call)
    {
        var finding = await FindAsync(id, call.CancellationToken);
        if (request.DryRun) return new(id, Applied: false, [finding.Repair.Proposed], [], ledger.Read.AsOf);
        await evidence.BeforeAsync(finding, call);
        List<long> postings = request.Accept ? await AcceptAsync(finding, request, call) : await ApplyAsync(finding, request, call);
        await evidence.AfterAsync(finding, call);
        var step = request.Accept ? "let it stand" : request.Amount is { } amount ? $"charged {amount}" : finding.Repair.Proposed;
        return new(id, Applied: true, [step], postings, ledger.Read.AsOf);
    }

    /// <exception cref="ApiRefusedException">There is no such finding now.</exception>
    private async Task<Finding> FindAsync(string id, CancellationToken cancellationToken) => await reconciling.FindAsync(id, cancellationToken)
        ?? throw new ApiRefusedException(ApiError.FindingNotFound, $"No open finding '{Inputs.Shown(id)}'. It may have been corrected or accepted, or the id is wrong.");

    private async Task<List<long>> AcceptAsync(Finding finding, CorrectFindingRequest request, AdminCall call)
    {
        if (finding.Repair is not (Repair.Decide or Repair.RecordUsage)) throw new ApiRefusedException(ApiError.FindingNotDecidable, $"The finding can be repaired, so it cannot be accepted: {finding.Repair.Proposed}.");
        if (string.IsNullOrWhiteSpace(request.Reason)) throw new ApiRefusedException(ApiError.ParameterInvalid, "A reason is required to accept a finding.");
        var accepted = new KeptFinding(
            finding.Id, finding.Code.Name, finding.Code.Severity, FindingState.Accepted, ReconciledFinding.Of(finding), call.Actor.Id, request.Reason,
            Instant.From(time.GetUtcNow()).ToString());
        (await ledger.ActAsync(FindingsKept.Record(finding.Scope.Org, accepted), call)).OrThrow();
        return [];
    }

    private async Task<List<long>> ApplyAsync(Finding finding, CorrectFindingRequest request, AdminCall call)
    {
        var note = new ActionNote(Reason: request.Reason ?? $"{finding.Id}: {finding.Repair.Proposed}", Finding: finding.Id);
        switch (finding.Repair)
        {
            case Repair.Rebuild rebuild:
                await ledger.RecordActionAsync(call, finding.Scope.Org, new() { ["finding"] = finding.Id, ["repair"] = rebuild.Proposed });
                await ledger.RepairAsync([rebuild.Drift]);
                return [];
            case Repair.Meter or Repair.MeterAnew:
                if (!await reconciling.Runtimes.CorrectAsync(finding, Instant.From(time.GetUtcNow()), command => ActAsync(command, call, note), call.CancellationToken)) throw new ApiRefusedException(ApiError.ModelNotPriced, "It could not be charged. Check that the components' models have a price.");
                return [];
            case Repair.Credit credit:
                await new InvoiceNumbering(ledger, time).CreditAsync(finding.Scope.Org, credit.Invoice, finding.Id, credit.Net, credit.Reason, call, finding.Id);
                return [];
        }

        var correction = Correction.Of(finding, new(request.Amount, request.Accept));
        if (correction.Needs is { } needs) throw new ApiRefusedException(ApiError.DecisionNeeded, $"{Capital(needs)}.");
        var postings = new List<long>();
        foreach (var command in InOneOrg(correction.Commands))
        {
            var (_, seq, _) = (await ActAsync(command, call, note)).OrThrow();
            if (command is not Command.ExpireHold) postings.Add(seq);
        }

        return postings;
    }

    /// <summary>All commands as one, if they are of one org; else one after the other, since the books of two orgs have no commit in common.</summary>
    private static IReadOnlyList<Command> InOneOrg(IReadOnlyList<Command> commands) =>
        commands.Count > 1 && commands.Select(command => command.OrgId).Distinct(StringComparer.Ordinal).ToList() is [{ } org] ? [new Command.Together(org, [.. commands])] : commands;

    /// <exception cref="ProposedException">A second person must approve it.</exception>
    /// <exception cref="ApiRefusedException">It was refused.</exception>
    private async Task<Outcome> ActAsync(Command command, AdminCall call, ActionNote note)
    {
        var outcome = await ledger.ActAsync(command, call, note);
        _ = outcome.OrThrow();
        return outcome;
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
