using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Http;
using Tieout.Server.Telemetry;
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
    /// <summary>Of an address, in characters: no longer name is accepted, so what is cut was refused.</summary>
    private const int TargetMax = 512;

    private static readonly object Recorded = new();

    /// <summary>Carries out an administrative action. Where a second person must approve it, the ledger records a proposal instead.</summary>
    /// <inheritdoc cref="ILedger.SubmitAsync(Command, CancellationToken)"/>
    public static async Task<Outcome> ActAsync(this ILedger ledger, Command command, HttpContext context, ActionNote? note = null)
    {
        var outcome = await ledger.SubmitAsync(Audited(ledger, command, context, note), context.RequestAborted);
        context.Items[Recorded] = true;
        return outcome;
    }

    /// <summary>The command with its audit action, for callers that submit it with others.</summary>
    public static Command Audited(ILedger ledger, Command command, HttpContext context, ActionNote? note = null, JsonObject? after = null)
    {
        note ??= ActionNote.None;
        return command with { Audit = ActionOf(context) with { After = after?.ToJsonString(), Finding = note.Finding, Approval = ApprovalOf(ledger, command, context, note) } };
    }

    /// <summary>Records an action that changes nothing in the ledger, before it is carried out: no such action is ever without a record.</summary>
    /// <param name="org">The org it is about, or empty for the platform.</param>
    /// <inheritdoc cref="ILedger.SubmitAsync(Command, CancellationToken)"/>
    public static async Task RecordActionAsync(this ILedger ledger, HttpContext context, string org, JsonObject? after = null, string result = "requested")
    {
        await ledger.SubmitAsync(new Command.RecordAudit(org, result) { Audit = ActionOf(context) with { After = after?.ToJsonString() } }, context.RequestAborted);
        context.Items[Recorded] = true;
    }

    /// <summary>Whether the request has an audit record already.</summary>
    public static bool IsRecorded(HttpContext context) => context.Items.ContainsKey(Recorded);

    /// <summary>Says that the request needs no further audit record.</summary>
    /// <param name="why">For the reader of the code.</param>
    public static void MarkRecorded(HttpContext context, string why) => context.Items[Recorded] = why;

    /// <summary>What was proposed under a caller's id; null: nothing.</summary>
    /// <typeparam name="TCommand">The kind of command that was proposed.</typeparam>
    public static async Task<Proposal?> ProposedAsync<TCommand>(this ILedger ledger, string org, string id, CancellationToken cancellationToken)
        where TCommand : Command =>
        await ledger.Read.ObjectAsync(org, ObjectKind.Proposal, ProposalId(org, typeof(TCommand).Name, id), cancellationToken) is { } kept ? Proposal.Of(kept.Object) : null;

    /// <summary>The call as audit records describe it.</summary>
    public static AuditAction ActionOf(HttpContext context, Actor? actor = null)
    {
        var pattern = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "";
        var action = new AuditAction(actor ?? Actors.Of(context), $"{context.Request.Method} {Below(pattern)}", Target(context));
        return actor is null ? action with { Person = Caller.Of(context).Person } : action;
    }

    private static ApprovalTerms? ApprovalOf(ILedger ledger, Command command, HttpContext context, ActionNote note)
    {
        if (!MoneyByHand.Is(command) || command is Command.ApproveProposal) return null;
        var org = command.OrgId;
        var asset = command is Command.OpenOrg open ? open.Org.Asset : note.Asset is { } named ? named : org is null ? null : ledger.Read.Org(org)?.Org.Asset;
        if (asset is null || context.RequestServices.GetService<ServerOptions>()?.Approvals is not { } approvals || approvals.Above(asset) is not { } above) return null;
        return new(above, ProposalId(org!, command.GetType().Name, note.Id), note.Reason ?? "", approvals.ValidFor);
    }

    /// <summary>The same for the same id of the caller's, so that a repeated request is the same proposal; else a new one.</summary>
    private static string ProposalId(string org, string kind, string? id) =>
        $"prop_{(id is null ? Guid.CreateVersion7().ToString("n") : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{org}\n{kind}\n{id}")))[..24])}";

    private static string Target(HttpContext context)
    {
        var path = Below(context.Request.Path.Value ?? "");
        return path.Length <= TargetMax ? path : path[..TargetMax];
    }

    private static string Below(string path) => path.StartsWith(ApiPath.Root, StringComparison.Ordinal) ? path[ApiPath.Root.Length..] : path;
}

/// <summary>Who acts, as audit records name them.</summary>
internal static class Actors
{
    /// <summary>The role of whoever was not let in.</summary>
    public const string NoRole = "none";

    /// <summary>The caller that the gate let in.</summary>
    public static Actor Of(HttpContext context) => Of(context, Caller.Of(context));

    public static Actor Of(HttpContext context, Caller caller) => Of(context, caller.TokenId, caller.Role is { } role ? TokenEndpoints.Name(role) : "key");

    /// <param name="id">The id of the token or key; for a refused log-in, what can be said of the credential without telling any of it.</param>
    public static Actor Of(HttpContext context, string id, string role) =>
        new(id, role, Correlation.Of(context).CorrelationId, context.Connection.RemoteIpAddress?.ToString(), Cut(context.Request.Headers.UserAgent.ToString()));

    private static string? Cut(string agent)
    {
        if (agent.Length == 0) return null;
        var plain = new string([.. agent.Take(Actor.AgentMax).Select(c => c is >= ' ' and < '\x7f' ? c : '?')]);
        return plain;
    }
}
