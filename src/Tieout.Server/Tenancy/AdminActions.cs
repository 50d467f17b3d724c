using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Tieout.Core.Ledger;
using Tieout.Storage;

namespace Tieout.Server.Tenancy;

/// <summary>What else the ledger must know about an action of a person.</summary>
/// <param name="Id">The caller's own id for the action; null: it has none. The same id is the same proposal.</param>
/// <param name="Reason">Why money is moved; null: not said.</param>
/// <param name="Finding">The finding that is repaired; null: none.</param>
/// <param name="Asset">The asset of an action that concerns all orgs; null: the org's.</param>
internal sealed record ActionNote(string? Id = null, string? Reason = null, string? Finding = null, string? Asset = null)
{
    public static readonly ActionNote None = new();
}

/// <summary>Submits the commands of people. Each command names its actor, so the ledger records the action in the commit that carries it out (U1).</summary>
internal static class AdminActions
{
    /// <summary>Carries out an administrative action. Where a second person must approve it, the ledger records a proposal instead.</summary>
    /// <inheritdoc cref="ILedger.SubmitAsync(Command, CancellationToken)"/>
    public static async Task<Outcome> ActAsync(this ILedger ledger, Command command, AdminCall call, ActionNote? note = null)
    {
        var outcome = await ledger.SubmitAsync(Audited(ledger, command, call, note), call.CancellationToken);
        call.MarkRecorded("The command is the record.");
        return outcome;
    }

    /// <summary>The command with its audit action, for callers that submit it with others.</summary>
    public static Command Audited(ILedger ledger, Command command, AdminCall call, ActionNote? note = null, JsonObject? after = null)
    {
        note ??= ActionNote.None;
        return command with { Audit = call.Action(after) with { Finding = note.Finding, Approval = ApprovalOf(ledger, command, call, note) } };
    }

    /// <summary>Records an action that changes nothing in the ledger, before it is carried out: no such action is ever without a record.</summary>
    /// <param name="org">The org it is about, or empty for the platform.</param>
    /// <inheritdoc cref="ILedger.SubmitAsync(Command, CancellationToken)"/>
    public static async Task RecordActionAsync(this ILedger ledger, AdminCall call, string org, JsonObject? after = null, string result = "requested")
    {
        await ledger.SubmitAsync(new Command.RecordAudit(org, result) { Audit = call.Action(after) }, call.CancellationToken);
        call.MarkRecorded("The command is the record.");
    }

    /// <summary>What was proposed under a caller's id; null: nothing.</summary>
    /// <typeparam name="TCommand">The kind of command that was proposed.</typeparam>
    public static async Task<Proposal?> ProposedAsync<TCommand>(this ILedger ledger, string org, string id, CancellationToken cancellationToken)
        where TCommand : Command =>
        await ledger.Read.ObjectAsync(org, ObjectKind.Proposal, ProposalId(org, typeof(TCommand).Name, id), cancellationToken) is { } kept
            ? Proposal.Of(kept.Object) : null;

    private static ApprovalTerms? ApprovalOf(ILedger ledger, Command command, AdminCall call, ActionNote note)
    {
        if (!command.IsMoneyByHand || command is Command.ApproveProposal) return null;
        var org = command.OrgId;
        var asset = command is Command.OpenOrg open ? open.Org.Asset : note.Asset is { } named ? named : org is null ? null : ledger.Read.Org(org)?.Org.Asset;
        if (asset is null || call.Approvals is not { } approvals || approvals.Above(asset) is not { } above) return null;
        return new(above, ProposalId(org!, command.GetType().Name, note.Id), note.Reason ?? "", approvals.ValidFor);
    }

    /// <summary>The same for the same id of the caller's, so that a repeated request is the same proposal; else a new one.</summary>
    private static string ProposalId(string org, string kind, string? id) =>
        $"prop_{(id is null ? Guid.CreateVersion7().ToString("n") : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{org}\n{kind}\n{id}")))[..24])}";
}
