using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Hosting;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Api;

/// <param name="NextCursor">Where the next page begins; null: this is the last.</param>
public sealed record AuditPageBody(IReadOnlyList<AuditRecord> Items, string? NextCursor, long AsOf);

/// <summary>Every admin action, and the record of it.</summary>
internal static class AuditEndpoints
{
    /// <summary>Longer content (price lists) is kept by its length and hash: the setting itself has it whole.</summary>
    private const int ContentMax = 8 * 1024;

    public static void MapAudit(this IEndpointRouteBuilder api) => api.MapGet("/audit", List).Allow(Access.EveryRole);

    /// <summary>
    /// Does an admin action: the audit record is handed in with it and stands before it, so that nothing was ever done unrecorded. What came of
    /// it is recorded under the same id; all versions stay in the ledger's chain.
    /// </summary>
    /// <inheritdoc cref="ILedger.SubmitAsync(Command, CancellationToken)"/>
    public static async Task<Outcome> ActAsync(this ILedger ledger, Command command, HttpContext context)
    {
        var record = Begin(ledger, command, context);
        var outcome = (await ledger.SubmitAsync([Row(record), command], context.RequestAborted))[1];
        var came = outcome switch
        {
            Outcome.Refused refused => $"refused:{refused.Reason.Error.Code}",
            Outcome.Replayed => "unchanged",
            _ => "done",
        };
        try
        {
            await ledger.SubmitAsync(Row(record with { Outcome = came }), CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // The action stands, and so does the record that it was asked for.
        }

        return outcome;
    }

    private static AuditRecord Begin(ILedger ledger, Command command, HttpContext context)
    {
        var caller = Caller.Of(context);
        var (before, after) = Contents(ledger, command);
        var pattern = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "";
        return new(
            $"aud_{Guid.CreateVersion7():n}", context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow(), caller.TokenId, caller.Role ?? AdminRole.Viewer,
            $"{context.Request.Method} {Below(pattern)}", Below(context.Request.Path.Value ?? ""), context.GetRouteValue("org") as string,
            Correlation.Of(context).CorrelationId, before, after, "asked");
    }

    private static string Below(string path) => path.StartsWith(ApiEndpoints.Root, StringComparison.Ordinal) ? path[ApiEndpoints.Root.Length..] : path;

    private static Command.Record Row(AuditRecord record) => new(SettingKind.AuditRecord, "", record.Id, record.ToJson(), Once: false);

    private static (JsonElement? Before, JsonElement? After) Contents(ILedger ledger, Command command)
    {
        switch (command)
        {
            case Command.Record record: return (Json(ledger.Find(record.Kind, record.Org, record.Name)?.Body), Json(record.Body));
            case Command.OpenOrg open: return (null, Json(open.Org.ToJson()));
            case Command.SetBudget set: return (Json(ledger.Find(SettingKind.Budget, set.Budget.Scope.Org, set.Budget.Id)?.Body), Json(set.Budget.ToJson()));
        }

        var after = new JsonObject();
        string? org = null;
        switch (command)
        {
            case Command.TopUp topUp:
                org = topUp.Org;
                (after["id"], after["amount"]) = (topUp.Id, topUp.Amount.ToString());
                break;
            case Command.Grant grant:
                org = grant.Org;
                (after["id"], after["amount"], after["priority"], after["expires_at"]) = (grant.Id, grant.Amount.ToString(), grant.Priority, grant.ExpiresAt?.ToString());
                break;
            case Command.Correct correct:
                org = correct.Org;
                (after["id"], after["posting"], after["new_amount"], after["reason"]) = (correct.Id, correct.Posting, correct.NewAmount?.ToString(), correct.Reason);
                break;
            case Command.ClosePeriod close:
                return (Json(new JsonObject { ["closed_through"] = ledger.Read.Org(close.Org)?.ClosedThrough?.ToString() }.ToJsonString()), Json(new JsonObject { ["closed_through"] = close.Through.ToString() }.ToJsonString()));
        }

        return (org is not null && ledger.Read.Balance(org) is { } account ? Json(new JsonObject { ["balance"] = account.Balance.ToString() }.ToJsonString()) : null, Json(after.ToJsonString()));
    }

    /// <summary>Without what stands for a secret: a hash tells who holds the secret that it is theirs.</summary>
    private static JsonElement? Json(string? body)
    {
        if (body is null) return null;
        if (body.Length > ContentMax || JsonNode.Parse(body) is not { } node)
        {
            node = new JsonObject { ["bytes"] = body.Length, ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body))) };
        }

        if (node is JsonObject content)
        {
            content.Remove("secret_sha256");
            (content["terms"] as JsonObject)?.Remove("previous_sha256");
        }

        using var document = JsonDocument.Parse(node.ToJsonString());
        return document.RootElement.Clone();
    }

    private static IResult List(HttpContext context, ILedger ledger)
    {
        Inputs.OnlyQuery(context, "org", "actor", "limit", "cursor");
        var asOf = ledger.Read.AsOf;
        var (limit, org, actor, cursor) = (Inputs.Limit(context), Inputs.Query(context, "org"), Inputs.Query(context, "actor"), Inputs.Query(context, "cursor"));

        // Ids are ordered by time, so the newest come first without reading what they say.
        var page = ledger.Read.Settings.Where(row => row.Kind == SettingKind.AuditRecord && (cursor is null || string.CompareOrdinal(row.Name, cursor) < 0))
            .OrderByDescending(row => row.Name, StringComparer.Ordinal).Select(row => AuditRecord.Parse(row.Body))
            .Where(record => (org is null || record.Org == org) && (actor is null || record.Actor == actor)).Take(limit + 1).ToList();
        var items = page.Take(limit).ToList();
        return Answer.Ok(new AuditPageBody(items, page.Count > limit ? items[^1].Id : null, asOf), ApiJson.Default.AuditPageBody);
    }
}
