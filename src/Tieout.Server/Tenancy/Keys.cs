using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Storage;

namespace Tieout.Server.Tenancy;

/// <param name="ExpiresAt">A day (of the org's zone) or a time; null: never.</param>
/// <param name="Models">What it may ask for, with at most one <c>*</c> at the end of each; null: everything.</param>
/// <param name="Scopes">chat, read.usage ... or inference; null: inference.</param>
/// <param name="Metadata">Notes of the platform's own.</param>
/// <param name="FactsPerCall">Usage that one call may hand in beyond a hard limit, with the scope usage.facts; null: 10.</param>
/// <param name="FactsPerDay">How far one day's usage may go beyond a hard limit, with the scope usage.facts; null: 100.</param>
/// <param name="Addresses">Addresses and networks that it may be used from; null: all.</param>
/// <param name="Pins">Tags that its requests always have; null: none.</param>
/// <param name="Cap">The most that the key may spend; null: no cap of its own.</param>
/// <param name="Worker">It spends for the tenants named, with their envelopes, and for nobody without one.</param>
/// <param name="Tenants">Orgs; <c>*</c>: all of them. Only of a worker.</param>
public sealed record NewKeyBody(
    string? Team = null, string? Project = null, string? Name = null, bool Worker = false, IReadOnlyList<string>? Tenants = null,
    string? ExpiresAt = null, IReadOnlyList<string>? Models = null, IReadOnlyList<string>? Scopes = null, IReadOnlyDictionary<string, string>? Metadata = null,
    Amount? FactsPerCall = null, Amount? FactsPerDay = null, IReadOnlyList<string>? Addresses = null, KeyPins? Pins = null, KeyCapBody? Cap = null);

/// <summary>All the terms of a key; what is left out is not limited from now on. The caps of the key are no part of them and stay.</summary>
public sealed record KeyTermsBody(
    string? ExpiresAt = null, IReadOnlyList<string>? Models = null, IReadOnlyList<string>? Scopes = null, IReadOnlyDictionary<string, string>? Metadata = null,
    Amount? FactsPerCall = null, Amount? FactsPerDay = null, IReadOnlyList<string>? Addresses = null, KeyPins? Pins = null);

/// <param name="GraceSeconds">How long the old secret stays valid. Default one day; 0: not at all.</param>
/// <param name="Now">End the old secret at once, whatever <paramref name="GraceSeconds"/> says.</param>
public sealed record RotateKeyBody(long GraceSeconds = 86_400, bool Now = false);

/// <param name="At">A day or a time to come; null: now.</param>
public sealed record ExpireKeyBody(string? At = null);

/// <param name="Key">The secret. Shown this once; only its hash is kept.</param>
/// <param name="PreviousUntil">Until when the secret before it is good too; null: it is not, or there was none.</param>
public sealed record MadeKeyBody(string Id, string Key, string Org, string? Team, string? Project, string? Name, DateTimeOffset? PreviousUntil = null);

/// <param name="Tenants">Whom a worker may act for; null: only its own org.</param>
/// <param name="Caps">The most that the key may spend, one for each kind of window; null: it has none.</param>
/// <param name="LastUsedAt">The minute (UTC) of the last request that was let in with the key, on any node; null: none since the server records it. Up to two
/// minutes late.</param>
public sealed record KeyBody(
    string Id, string Org, string? Team, string? Project, string? Name, bool Blocked, DateTimeOffset CreatedAt, bool Worker, IReadOnlyList<string>? Tenants,
    DateTimeOffset? ExpiresAt = null, DateTimeOffset? PreviousUntil = null, IReadOnlyList<string>? Models = null, IReadOnlyList<string>? Scopes = null,
    IReadOnlyDictionary<string, string>? Metadata = null, Amount? FactsPerCall = null, Amount? FactsPerDay = null, IReadOnlyList<string>? Addresses = null,
    KeyPins? Pins = null,
    IReadOnlyList<KeyCapBody>? Caps = null, DateTimeOffset? LastUsedAt = null);

public sealed record KeyListBody(IReadOnlyList<KeyBody> Items, long AsOf);

/// <summary>Keys that spend for an org.</summary>
internal static class KeyEndpoints
{
    private const int TenantsMax = 1_000;
    private const long GraceSecondsMax = 90L * 86_400;

    public static void MapKeys(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/keys", ListAsync).Allow(Access.EveryRole);
        api.MapPost("/orgs/{org}/keys", Create).Allow(Access.Roles(AdminRole.Operator));
        api.MapPost("/orgs/{org}/keys/{key}/block",
            (string org, string key, HttpContext context, ILedger ledger,
                KeyUseRecorder recorder) => Change(org, key, known => known with { Blocked = true }, context, ledger, recorder)).Allow(
                    Access.Roles(AdminRole.Operator));
        api.MapPost("/orgs/{org}/keys/{key}/unblock",
            (string org, string key, HttpContext context, ILedger ledger,
                KeyUseRecorder recorder) => Change(org, key, known => known with { Blocked = false }, context, ledger, recorder)).Allow(
                    Access.Roles(AdminRole.Operator));
        api.MapPost("/orgs/{org}/keys/{key}/rotate", Rotate).Allow(Access.Roles(AdminRole.Operator));
        api.MapPost("/orgs/{org}/keys/{key}/end-previous",
            (string org, string key, HttpContext context, ILedger ledger,
                KeyUseRecorder recorder) => Change(org, key, WithoutPrevious, context, ledger, recorder)).Allow(Access.Roles(AdminRole.Operator))
            .Irreversible("tieout.key.end_previous", "key", "key");
        api.MapPost("/orgs/{org}/keys/{key}/expire", Expire).Allow(Access.Roles(AdminRole.Operator)).Irreversible("tieout.key.expire", "key", "key");
        api.MapPut("/orgs/{org}/keys/{key}/cap", SetCap).Allow(Access.Roles(AdminRole.Operator));
        api.MapPut("/orgs/{org}/keys/{key}/terms", SetTerms).Allow(Access.Roles(AdminRole.Operator));
    }

    private static async Task<IResult> ListAsync(string org, HttpContext context, ILedger ledger, KeyUseRecorder recorder)
    {
        var asOf = ledger.Read.AsOf;
        Inputs.Org(ledger, org);
        var standing = await KeyStanding.OfAsync(org, ledger, recorder, context.RequestAborted);
        var items = ledger.Of(SettingKind.Key, org)
            .Select(row => standing.Body(ApiKey.Parse(row.Body))).OrderBy(key => key.CreatedAt).ThenBy(key => key.Id, StringComparer.Ordinal).ToList();
        return Answer.Ok(new KeyListBody(items, asOf), TenancyJson.Default.KeyListBody);
    }

    private static async Task<IResult> Create(string org, HttpContext context, ILedger ledger, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, TenancyJson.Default.NewKeyBody);
        var zone = Inputs.Org(ledger, org).Zone;
        ledger.Exists(SettingKind.Team, org, body.Team);
        ledger.Exists(SettingKind.Project, org, body.Project);
        if (body.Name is not null) Inputs.Name(body.Name, "name");
        CheckTenants(body, ledger);
        var terms = KeyInputs.Terms(new(body.ExpiresAt, body.Models, body.Scopes, body.Metadata, body.FactsPerCall, body.FactsPerDay, body.Addresses,
            body.Pins), KeyTerms.None, body.Project, zone, time);

        var (secret, hash) = Secrets.Make(SecretForm.KeyPrefix);
        var id = "key_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var key = new ApiKey(id, org, body.Team, body.Project, body.Name, hash, Blocked: false, time.GetUtcNow(), body.Worker,
            body.Tenants)
        { Terms = terms == KeyTerms.None ? null : terms };
        var record = new Command.Record(SettingKind.Key, org, id, key.ToJson(), Once: false);

        // In one commit: no moment has the key without its cap.
        Command command = body.Cap is null ? record : new Command.Together(org, [record, new Command.SetBudget(KeyCaps.BudgetOf(key, body.Cap, ledger))]);
        (await ledger.ActAsync(command, AdminCalls.Of(context))).OrThrow();
        return Answer.Made(isNew: true, new MadeKeyBody(id, secret, org, body.Team, body.Project, body.Name), TenancyJson.Default.MadeKeyBody);
    }

    private static async Task<IResult> Rotate(string org, string key, HttpContext context, ILedger ledger, TimeProvider time)
    {
        var body = context.Request.ContentLength is 0 or null ? new() : await Inputs.BodyAsync(context, TenancyJson.Default.RotateKeyBody);
        if (body.GraceSeconds is < 0 or > GraceSecondsMax)
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, $"The grace period is 0 to {GraceSecondsMax} seconds.");
        }

        var known = Known(org, key, ledger);
        var (secret, hash) = Secrets.Make(SecretForm.KeyPrefix);
        var until = body.Now || body.GraceSeconds == 0 ? (DateTimeOffset?)null : time.GetUtcNow().AddSeconds(body.GraceSeconds);

        // One old secret only: whoever rotates twice within the grace period means the first to end.
        var terms = (known.Terms ?? KeyTerms.None) with { PreviousSha256 = until is null ? null : known.SecretSha256, PreviousUntil = until };
        var rotated = known with { SecretSha256 = hash, Terms = terms };
        await RecordAsync(rotated, AdminCalls.Of(context), ledger);
        return Answer.Ok(new MadeKeyBody(key, secret, org, known.Team, known.Project, known.Name, until), TenancyJson.Default.MadeKeyBody);
    }

    private static async Task<IResult> Expire(string org, string key, HttpContext context, ILedger ledger, KeyUseRecorder recorder, TimeProvider time)
    {
        var body = context.Request.ContentLength is 0 or null ? new() : await Inputs.BodyAsync(context, TenancyJson.Default.ExpireKeyBody);
        var at = KeyInputs.Future(body.At, Inputs.Org(ledger, org).Zone, time) ?? time.GetUtcNow();
        return await Change(org, key, known => known with { Terms = (known.Terms ?? KeyTerms.None) with { ExpiresAt = at } }, context, ledger, recorder);
    }

    private static async Task<IResult> SetTerms(string org, string key, HttpContext context, ILedger ledger, KeyUseRecorder recorder, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, TenancyJson.Default.KeyTermsBody);
        var zone = Inputs.Org(ledger, org).Zone;
        return await Change(org, key, known => known with { Terms = KeyInputs.Terms(body, known.Terms ?? KeyTerms.None, known.Project, zone, time) }, context,
            ledger, recorder);
    }

    private static async Task<IResult> SetCap(string org, string key, HttpContext context, ILedger ledger, KeyUseRecorder recorder)
    {
        var body = await Inputs.BodyAsync(context, TenancyJson.Default.SetKeyCapBody);
        var known = Known(org, key, ledger);
        (await ledger.ActAsync(new Command.SetBudget(KeyCaps.Changed(known, body, ledger)), AdminCalls.Of(context))).OrThrow();
        return Answer.Ok((await KeyStanding.OfAsync(org, ledger, recorder, context.RequestAborted)).Body(known), TenancyJson.Default.KeyBody);
    }

    private static async Task<IResult> Change(string org, string key, Func<ApiKey, ApiKey> change, HttpContext context, ILedger ledger, KeyUseRecorder recorder)
    {
        var changed = change(Known(org, key, ledger));
        await RecordAsync(changed, AdminCalls.Of(context), ledger);
        return Answer.Ok((await KeyStanding.OfAsync(org, ledger, recorder, context.RequestAborted)).Body(changed), TenancyJson.Default.KeyBody);
    }

    /// <summary>The secret before the last rotation ends at once; the new one stays.</summary>
    private static ApiKey WithoutPrevious(ApiKey key) =>
        key.Terms is { } terms ? key with { Terms = terms with { PreviousSha256 = null, PreviousUntil = null } } : key;

    internal static ApiKey Known(string org, string key, ILedger ledger)
    {
        Inputs.Org(ledger, org);
        var row = ledger.Find(SettingKind.Key, org, key)
            ?? throw new ApiRefusedException(ApiError.KeyNotFound, $"Org '{org}' has no key '{Inputs.Shown(key)}'.");
        return ApiKey.Parse(row.Body);
    }

    private static async Task RecordAsync(ApiKey key, AdminCall call, ILedger ledger) =>
        (await ledger.ActAsync(new Command.Record(SettingKind.Key, key.Org, key.Id, key.ToJson(), Once: false), call)).OrThrow();

    private static void CheckTenants(NewKeyBody body, ILedger ledger)
    {
        if (body.Tenants is not { } tenants) return;
        if (!body.Worker) throw new ApiRefusedException(ApiError.ParameterInvalid, "Only a worker's key has tenants: set worker to true.");
        if (tenants.Count > TenantsMax)
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, $"A key may name at most {TenantsMax} tenants; '*' is all of them.");
        }

        foreach (var tenant in tenants)
        {
            if (tenant != ApiKey.AnyTenant) Inputs.Org(ledger, tenant);
        }
    }
}
