using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Invoicing;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.SelfCheck;

/// <summary>Carries out the repair that a finding's record says, and closes the finding in the same commit (R1): on any node, after any restart, without a
/// run.</summary>
/// <param name="evidence">Captures how rows stood before anything was done, and after all of it was.</param>
internal sealed class FindingCorrection(ILedger ledger, ReconciliationRun reconciling, EvidenceCapture evidence, TimeProvider time)
{
    /// <exception cref="ApiRefusedException">No such finding is open, or it needs a decision or something that is not here.</exception>
    public async Task<CorrectedBody> CorrectAsync(string id, CorrectFindingRequest request, AdminCall call)
    {
        var open = await FindAsync(id, call.CancellationToken);
        if (request.DryRun) return new(id, Applied: false, [open.Finding.Repair.Proposed], [], ledger.Read.AsOf);
        await evidence.BeforeAsync(open.Finding, call);
        List<long> postings = request.Accept ? await AcceptAsync(open, request, call) : await ApplyAsync(open, request, call);
        await evidence.AfterAsync(open.Finding, call);
        var step = request.Accept ? "let it stand" : request.Amount is { } amount ? $"charged {amount}" : open.Finding.Repair.Proposed;
        return new(id, Applied: true, [step], postings, ledger.Read.AsOf);
    }

    /// <exception cref="ApiRefusedException">No such finding is open.</exception>
    private async Task<OpenFinding> FindAsync(string id, CancellationToken cancellationToken)
    {
        var open = await reconciling.Kept.OpenAsync(id, cancellationToken);
        if (open is { NeedsRun: true } && await reconciling.MeasureAsync(id, cancellationToken) is not null)
        {
            open = await reconciling.Kept.OpenAsync(id, cancellationToken);
        }

        return open ?? reconciling.Backlog(id) ?? throw NotFound(id);
    }

    private async Task<List<long>> AcceptAsync(OpenFinding open, CorrectFindingRequest request, AdminCall call)
    {
        if (open.Finding.Repair is not (Repair.Decide or Repair.RecordUsage))
        {
            throw new ApiRefusedException(
                ApiError.FindingNotDecidable, $"The finding can be repaired, so it cannot be accepted: {open.Finding.Repair.Proposed}.");
        }

        if (string.IsNullOrWhiteSpace(request.Reason)) throw new ApiRefusedException(ApiError.ParameterInvalid, "A reason is required to accept a finding.");
        (await ledger.ActAsync(Closing(open, FindingState.Accepted, request.Reason, call), call)).OrThrow();
        return [];
    }

    private async Task<List<long>> ApplyAsync(OpenFinding open, CorrectFindingRequest request, AdminCall call)
    {
        var finding = open.Finding;
        var note = new ActionNote(Reason: request.Reason ?? $"{finding.Id}: {finding.Repair.Proposed}", Finding: finding.Id);
        var closing = Closing(open, FindingState.Corrected, note.Reason, call);
        switch (finding.Repair)
        {
            case Repair.Rebuild:
                await RebuildAsync(finding, call, note);
                return [];
            case Repair.Meter or Repair.MeterAnew:
                await MeterAsync(finding, closing, call, note);
                return [];
            case Repair.Credit credit:
                await new InvoiceNumbering(ledger, time).CreditAsync(
                    finding.Scope.Org, credit.Invoice, finding.Id, credit.Net, credit.Reason, call, new(finding.Id, closing));
                return [];
        }

        var correction = Correction.Of(finding, new(request.Amount, request.Accept));
        if (correction.Needs is { } needs) throw new ApiRefusedException(ApiError.DecisionNeeded, $"{Capital(needs)}.");
        return await SubmitAsync(correction.Commands, finding.Scope.Org, closing, call, note);
    }

    /// <summary>Submits the commands of the finding's org and its closing as one. What another org is charged goes first: the books of two orgs have no commit
    /// in common, and the finding stays open until both are done.</summary>
    /// <returns>Postings that were made.</returns>
    private async Task<List<long>> SubmitAsync(IReadOnlyList<Command> commands, string org, Command.AddRecord closing, AdminCall call, ActionNote note)
    {
        var postings = new List<long>();
        var elsewhere = commands.Where(command => command.OrgId is { } other && other != org).ToList();
        foreach (var command in elsewhere) postings.Add((await ActAsync(command, call, note)).OrThrow().Seq);
        var here = commands.Except(elsewhere).ToList();
        var seq = (await ActAsync(new Command.Together(org, [.. here, closing]), call, note)).OrThrow().Seq;
        if (here.Exists(command => command is not Command.ExpireHold)) postings.Add(seq);
        return postings;
    }

    /// <summary>Rebuilds a figure as it is now. A figure is no row: no posting repairs it, a restart changes it, so it is measured at the time of its
    /// correction.</summary>
    private async Task RebuildAsync(Finding finding, AdminCall call, ActionNote note)
    {
        await ledger.RecordActionAsync(call, finding.Scope.Org, new() { ["finding"] = finding.Id, ["repair"] = finding.Repair.Proposed });
        if (await reconciling.MeasureAsync(finding.Id, call.CancellationToken) is not { Repair: Repair.Rebuild { Drift: { } drift } })
        {
            throw NotFound(finding.Id);
        }

        await ledger.RepairAsync([drift]);
        if (await reconciling.Kept.OpenAsync(finding.Id, call.CancellationToken) is not { } open) return;
        await ActAsync(Closing(open, FindingState.Corrected, note.Reason, call), call, note);
    }

    private async Task MeterAsync(Finding finding, Command.AddRecord closing, AdminCall call, ActionNote note)
    {
        var isClosed = false;
        var isPriced = await reconciling.Runtimes.CorrectAsync(finding, Instant.From(time.GetUtcNow()), command =>
        {
            isClosed = true;
            return ActAsync(new Command.Together(finding.Scope.Org, [command, closing]), call, note);
        }, call.CancellationToken);
        if (!isPriced) throw new ApiRefusedException(ApiError.ModelNotPriced, "It could not be charged. Check that the components' models have a price.");
        if (!isClosed) await ActAsync(closing, call, note);
    }

    private Command.AddRecord Closing(OpenFinding open, string state, string? reason, AdminCall call) =>
        FindingsKept.Close(open, state, call.Actor.Id, reason, Instant.From(time.GetUtcNow()));

    /// <exception cref="ProposedException">A second person must approve it.</exception>
    /// <exception cref="ApiRefusedException">It was refused.</exception>
    private async Task<Outcome> ActAsync(Command command, AdminCall call, ActionNote note)
    {
        var outcome = await ledger.ActAsync(command, call, note);
        _ = outcome.OrThrow();
        return outcome;
    }

    private static ApiRefusedException NotFound(string id) =>
        new(ApiError.FindingNotFound, $"No open finding '{Inputs.Shown(id)}'. It may have been corrected or accepted, or the id is wrong.");

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
