using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Ledger;

/// <summary>An action that moves money by hand and waits, or waited, for a second person.</summary>
/// <param name="Org">Null: the action concerns all orgs, such as a price list.</param>
/// <param name="Asset">Null: there is no org, or it is not open yet.</param>
/// <param name="State">pending, approved, rejected or expired.</param>
/// <param name="Moves">Null: the action has no amount, such as a price policy.</param>
/// <param name="DecidedBy">Who approved or rejected it; null: nobody yet.</param>
/// <param name="DecisionReason">Why it was rejected.</param>
/// <param name="Posting">The posting or setting that the approved action made.</param>
/// <param name="Hash">SHA-256 of everything above the decision. An approval names it.</param>
/// <param name="Content">Exactly what is carried out. In lists, content above 8 KiB is replaced by its length and SHA-256.</param>
public sealed record ProposalBody(
    string Id, string? Org, string? Asset, string State, Amount? Moves, string Reason, string ProposedBy, string ProposedAt, string ExpiresAt,
    string? DecidedBy,
    string? DecidedAt, string? DecisionReason, long? Posting, string Hash, JsonElement Content);

/// <param name="NextCursor">Where the next page begins; null: this is the last.</param>
public sealed record ProposalPageBody(IReadOnlyList<ProposalBody> Items, string? NextCursor, long AsOf);

/// <param name="Hash">The hash of the proposal that was looked at.</param>
public sealed record ApproveBody(string? Hash);

/// <param name="Hash">Null: whatever it says.</param>
public sealed record RejectBody(string? Reason, string? Hash = null);

/// <summary>Proposals: listed, looked at, approved by another person, rejected. Those that concern all orgs have addresses without an org.</summary>
internal static class ProposalEndpoints
{
    /// <summary>Of a content, in characters, that a list shows. A price list has megabytes.</summary>
    private const int ListedContentMax = 8 * 1024;

    private const string Platform = "";

    public static void MapProposals(this IEndpointRouteBuilder api)
    {
        api.MapGet("/proposals", PendingAsync).Allow(Access.EveryRole);
        api.MapGet("/proposals/{proposal}",
            (string proposal, HttpContext context, ILedger ledger, TimeProvider time) => ShowAsync(Platform, proposal, context, ledger, time)).Allow(
                Access.EveryRole);
        api.MapPost("/proposals/{proposal}/approve",
            (string proposal, HttpContext context, ILedger ledger, TimeProvider time) => ApproveAsync(Platform, proposal, context, ledger, time)).Allow(
                Access.Roles(AdminRole.Finance));
        api.MapPost("/proposals/{proposal}/reject",
            (string proposal, HttpContext context, ILedger ledger, TimeProvider time) => RejectAsync(Platform, proposal, context, ledger, time)).Allow(
                Access.Roles(AdminRole.Operator, AdminRole.Finance));
        api.MapGet("/orgs/{org}/proposals", ListAsync).Allow(Access.EveryRole);
        api.MapGet("/orgs/{org}/proposals/{proposal}", ShowAsync).Allow(Access.EveryRole);
        api.MapPost("/orgs/{org}/proposals/{proposal}/approve", ApproveAsync).Allow(Access.Roles(AdminRole.Finance));
        api.MapPost("/orgs/{org}/proposals/{proposal}/reject", RejectAsync).Allow(Access.Roles(AdminRole.Operator, AdminRole.Finance));
    }

    /// <summary>202: the action is recorded as a proposal, and nothing was carried out.</summary>
    /// <exception cref="ApiRefusedException">The same action was proposed before, and nobody can approve that proposal any more.</exception>
    public static async Task<IResult> AcceptedAsync(Proposal proposal, HttpContext context)
    {
        var services = context.RequestServices;
        var (ledger, time) = (services.GetRequiredService<ILedger>(), services.GetRequiredService<TimeProvider>());
        var kept = await FindAsync(proposal.Org, proposal.Id, context, ledger) ?? throw NotFound(proposal.Org, proposal.Id);
        var body = Body(kept, ledger, Instant.From(time.GetUtcNow()));
        return body.State switch
        {
            "pending" => TypedResults.Json(body, LedgerJson.Default.ProposalBody, statusCode: StatusCodes.Status202Accepted),
            "expired" =>
                throw new ApiRefusedException(ApiError.ProposalExpired, $"{body.Id} expired at {body.ExpiresAt}. Propose the action again under another id."),
            _ => throw new ApiRefusedException(
                ApiError.ProposalClosed, $"{body.DecidedBy} {body.State} {body.Id} at {body.DecidedAt}. Propose the action again under another id."),
        };
    }

    private static async Task<IResult> PendingAsync(HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "limit", "cursor");
        var (asOf, limit, now) = (ledger.Read.AsOf, Inputs.Limit(context), Instant.From(time.GetUtcNow()));
        var pending = await ledger.Read.PendingObjectsAsync(ObjectKind.Proposal, Inputs.Cursor(context), limit, context.RequestAborted);
        var next = pending.Count >= limit ? pending[^1].Row.Seq.ToString(CultureInfo.InvariantCulture) : null;
        var items = pending.Select(kept => Listed(kept, ledger, now)).Where(body => body.State == "pending").ToList();
        return Answer.Ok(new ProposalPageBody(items, next, asOf), LedgerJson.Default.ProposalPageBody);
    }

    private static async Task<IResult> ListAsync(string org, HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context, "limit", "cursor");
        var (asOf, limit, now) = (ledger.Read.AsOf, Inputs.Limit(context), Instant.From(time.GetUtcNow()));
        var before = Inputs.Cursor(context) is > 0 and var cursor ? cursor : long.MaxValue;
        var page = await ledger.Read.ObjectsAsync(org, ObjectKind.Proposal, before, limit + 1, context.RequestAborted);
        var next = page.Count > limit ? page[limit - 1].Row.Seq.ToString(CultureInfo.InvariantCulture) : null;
        return Answer.Ok(
            new ProposalPageBody([.. page.Take(limit).Select(kept => Listed(kept, ledger, now))], next, asOf), LedgerJson.Default.ProposalPageBody);
    }

    private static async Task<IResult> ShowAsync(string org, string proposal, HttpContext context, ILedger ledger, TimeProvider time)
    {
        Inputs.OnlyQuery(context);
        var kept = await FindAsync(org, proposal, context, ledger) ?? throw NotFound(org, proposal);
        return Answer.Ok(Body(kept, ledger, Instant.From(time.GetUtcNow())), LedgerJson.Default.ProposalBody);
    }

    private static async Task<IResult> ApproveAsync(string org, string proposal, HttpContext context, ILedger ledger, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, LedgerJson.Default.ApproveBody);
        if (body.Hash is not { Length: 64 } hash)
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, "Send the hash of the proposal that you looked at: 64 hexadecimal digits.");
        }

        if (await FindAsync(org, proposal, context, ledger) is not { } kept)
        {
            await ledger.RecordActionAsync(AdminCalls.Of(context), "", result: "refused:proposal_not_found");
            throw NotFound(org, proposal);
        }

        var action = CommandText.Parse(Proposal.Of(kept.Object).Content);
        (await ledger.ActAsync(new Command.ApproveProposal(org, proposal, hash, action), AdminCalls.Of(context))).OrThrow();
        return await ShowAsync(org, proposal, context, ledger, time);
    }

    private static async Task<IResult> RejectAsync(string org, string proposal, HttpContext context, ILedger ledger, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, LedgerJson.Default.RejectBody);
        var reason = Inputs.Reason(body.Reason);
        var kept = await FindAsync(org, proposal, context, ledger) ?? throw NotFound(org, proposal);
        var hash = body.Hash ?? Proposal.Of(kept.Object).Hash;
        (await ledger.ActAsync(new Command.RejectProposal(org, proposal, hash, reason), AdminCalls.Of(context))).OrThrow();
        return await ShowAsync(org, proposal, context, ledger, time);
    }

    private static async Task<KeptObject?> FindAsync(string org, string proposal, HttpContext context, ILedger ledger) =>
        ProviderObject.IsValidId(proposal) ? await ledger.Read.ObjectAsync(org, ObjectKind.Proposal, proposal, context.RequestAborted) : null;

    private static ApiRefusedException NotFound(string org, string proposal) =>
        new(ApiError.ProposalNotFound,
            org.Length == 0 ? $"The platform has no proposal '{Inputs.Shown(proposal)}'. The address of an org's proposal is /orgs/ORG/proposals/ID."
                : $"Org '{Inputs.Shown(org)}' has no proposal '{Inputs.Shown(proposal)}'.");

    private static ProposalBody Listed(KeptObject kept, ILedger ledger, Instant now)
    {
        var body = Body(kept, ledger, now);
        var text = body.Content.GetRawText();
        if (text.Length <= ListedContentMax) return body;
        var bytes = Encoding.UTF8.GetBytes(text);
        using var digest = JsonDocument.Parse($$"""{"bytes":{{bytes.Length}},"sha256":"{{Convert.ToHexStringLower(SHA256.HashData(bytes))}}"}""");
        return body with { Content = digest.RootElement.Clone() };
    }

    private static ProposalBody Body(KeptObject kept, ILedger ledger, Instant now) =>
        Body(Proposal.Of(kept.Object), kept.Row.RecordedAt, kept.End, ledger, now);

    private static ProposalBody Body(Proposal proposal, Instant proposedAt, ObjectEnd? end, ILedger ledger, Instant now)
    {
        var decided = end is null ? null : ProposalEnd.Of(end);
        var state = decided switch
        {
            { Approved: true } => "approved",
            { Approved: false } => "rejected",
            null when now >= proposal.ExpiresAt => "expired",
            null => "pending",
        };
        using var content = JsonDocument.Parse(proposal.Content);
        return new(
            proposal.Id, proposal.Org.Length == 0 ? null : proposal.Org, ledger.Read.Org(proposal.Org)?.Org.Asset, state, proposal.Moves, proposal.Reason,
            proposal.By, proposedAt.ToString(),
            proposal.ExpiresAt.ToString(), decided?.By, end?.EndedAt.ToString(), decided?.Reason, decided is { Approved: true } ? decided.Posting : null,
            proposal.Hash,
            content.RootElement.Clone());
    }
}
