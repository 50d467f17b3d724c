using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Storage;

namespace Tieout.Server.Api;

/// <param name="Worker">It spends for the tenants named, with their envelopes, and for nobody without one.</param>
/// <param name="Tenants">Orgs; <c>*</c>: all of them. Only of a worker.</param>
public sealed record NewKeyBody(string? Team = null, string? Project = null, string? Name = null, bool Worker = false, IReadOnlyList<string>? Tenants = null);

/// <param name="Key">The secret. Shown this once; only its hash is kept.</param>
public sealed record MadeKeyBody(string Id, string Key, string Org, string? Team, string? Project, string? Name);

/// <param name="Tenants">Whom a worker may act for; null: only its own org.</param>
public sealed record KeyBody(
    string Id, string Org, string? Team, string? Project, string? Name, bool Blocked, DateTimeOffset CreatedAt, bool Worker, IReadOnlyList<string>? Tenants);

public sealed record KeyListBody(IReadOnlyList<KeyBody> Items, long AsOf);

/// <summary>Keys that spend for an org.</summary>
internal static class KeyEndpoints
{
    private const int TenantsMax = 1_000;

    public static void MapKeys(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/keys", List);
        api.MapPost("/orgs/{org}/keys", Create);
        api.MapPost("/orgs/{org}/keys/{key}/block", (string org, string key, HttpContext context, ILedger ledger) => Block(org, key, blocked: true, context, ledger));
        api.MapPost("/orgs/{org}/keys/{key}/unblock", (string org, string key, HttpContext context, ILedger ledger) => Block(org, key, blocked: false, context, ledger));
    }

    private static IResult List(string org, ILedger ledger)
    {
        var asOf = ledger.Read.AsOf;
        Inputs.Org(ledger, org);
        var items = ledger.Of(SettingKind.Key, org).Select(row => Body(ApiKey.Parse(row.Body))).OrderBy(key => key.CreatedAt).ThenBy(key => key.Id, StringComparer.Ordinal).ToList();
        return Answer.Ok(new KeyListBody(items, asOf), ApiJson.Default.KeyListBody);
    }

    private static async Task<IResult> Create(string org, HttpContext context, ILedger ledger, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, ApiJson.Default.NewKeyBody);
        Inputs.Org(ledger, org);
        ledger.Exists(SettingKind.Team, org, body.Team);
        ledger.Exists(SettingKind.Project, org, body.Project);
        if (body.Name is not null) Inputs.Name(body.Name, "name");
        CheckTenants(body, ledger);

        var secret = "tk_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var id = "key_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
        var key = new ApiKey(id, org, body.Team, body.Project, body.Name, hash, Blocked: false, time.GetUtcNow(), body.Worker, body.Tenants);
        (await ledger.SubmitAsync(new Command.Record(SettingKind.Key, org, id, key.ToJson(), Once: false), context.RequestAborted)).OrThrow();
        return Answer.Made(isNew: true, new MadeKeyBody(id, secret, org, body.Team, body.Project, body.Name), ApiJson.Default.MadeKeyBody);
    }

    private static async Task<IResult> Block(string org, string key, bool blocked, HttpContext context, ILedger ledger)
    {
        Inputs.Org(ledger, org);
        var row = ledger.Find(SettingKind.Key, org, key) ?? throw new ApiRefusedException(ApiError.KeyNotFound, $"Org '{org}' has no key '{Inputs.Shown(key)}'.");
        var changed = ApiKey.Parse(row.Body) with { Blocked = blocked };
        (await ledger.SubmitAsync(new Command.Record(SettingKind.Key, org, key, changed.ToJson(), Once: false), context.RequestAborted)).OrThrow();
        return Answer.Ok(Body(changed), ApiJson.Default.KeyBody);
    }

    private static KeyBody Body(ApiKey key) => new(key.Id, key.Org, key.Team, key.Project, key.Name, key.Blocked, key.CreatedAt, key.Worker, key.Tenants);

    private static void CheckTenants(NewKeyBody body, ILedger ledger)
    {
        if (body.Tenants is not { } tenants) return;
        if (!body.Worker) throw new ApiRefusedException(ApiError.ParameterInvalid, "Only a worker's key has tenants: set worker to true.");
        if (tenants.Count > TenantsMax) throw new ApiRefusedException(ApiError.ParameterInvalid, $"A key may name at most {TenantsMax} tenants; '*' is all of them.");
        foreach (var tenant in tenants)
        {
            if (tenant != ApiKey.AnyTenant) Inputs.Org(ledger, tenant);
        }
    }
}
