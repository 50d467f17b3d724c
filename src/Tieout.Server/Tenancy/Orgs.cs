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

/// <param name="CreditLine">How far below zero the balance may go. Prepaid: default 0; postpaid: default no limit.</param>
/// <param name="TimeZone">IANA name; default UTC. Days and months of the org are cut in it.</param>
/// <param name="Reason">Why it may owe money. Required above the approval limit.</param>
public sealed record NewOrgBody(string Id, string Asset, BillingMode? Billing, Amount? CreditLine = null, string? TimeZone = null, string? Reason = null);

/// <param name="ClosedThrough">The last closed month; null: none.</param>
/// <param name="Freeze">Null: the org is not frozen, or the caller is the org itself.</param>
public sealed record OrgBody(
    string Id, string Asset, BillingMode Billing, Amount? CreditLine, string TimeZone, string? ClosedThrough, OrgFreezeBody? Freeze = null);

/// <summary>Since when, by whom and why money of the org must not be moved by hand.</summary>
/// <param name="By">Null: a reconciliation froze it.</param>
public sealed record OrgFreezeBody(string Reason, string? By, string Since);

/// <param name="AsOf">The commit it was read at.</param>
public sealed record OrgListBody(IReadOnlyList<OrgBody> Items, long AsOf);

public sealed record NewUnitBody(string Name);

/// <summary>A team or a project.</summary>
public sealed record UnitBody(string Org, string Name, DateTimeOffset CreatedAt);

public sealed record UnitListBody(IReadOnlyList<UnitBody> Items, long AsOf);

/// <summary>Orgs, and the teams and projects in them.</summary>
internal static class OrgEndpoints
{
    public static void MapOrgs(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs", List).Allow(Access.EveryRole);
        api.MapPost("/orgs", Create).Allow(Access.Roles(AdminRole.Operator));
        api.MapGet("/orgs/{org}", Get).Allow(Access.Tenant(KeyScope.ReadBilling).OrEveryRole());
        foreach (var (path, kind) in (ReadOnlySpan<(string, SettingKind)>)[("teams", SettingKind.Team), ("projects", SettingKind.Project)])
        {
            api.MapGet($"/orgs/{{org}}/{path}", (string org, ILedger ledger) => ListUnits(org, kind, ledger)).Allow(Access.EveryRole);
            api.MapPost($"/orgs/{{org}}/{path}",
                (string org, HttpContext context, ILedger ledger, TimeProvider time) => CreateUnit(org, kind, context, ledger, time)).Allow(
                    Access.Roles(AdminRole.Operator));
        }
    }

    private static IResult List(ILedger ledger)
    {
        var asOf = ledger.Read.AsOf;
        var items = ledger.Read.Orgs.OrderBy(org => org.Org.Id, StringComparer.Ordinal).Select(Body).ToList();
        return Answer.Ok(new OrgListBody(items, asOf), TenancyJson.Default.OrgListBody);
    }

    private static IResult Get(string org, HttpContext context, ILedger ledger)
    {
        var body = Body(Inputs.Org(ledger, org));
        if (Caller.Of(context).IsPlatform && Freezes.Of(ledger, org) is { Frozen: true } freeze)
        {
            body = body with { Freeze = new(freeze.Reason, freeze.By, freeze.At) };
        }

        return Answer.Ok(body, TenancyJson.Default.OrgBody);
    }

    private static async Task<IResult> Create(HttpContext context, ILedger ledger)
    {
        var body = await Inputs.BodyAsync(context, TenancyJson.Default.NewOrgBody);
        var id = Inputs.Name(body.Id, "org");
        if (id.Contains('/', StringComparison.Ordinal)) throw new ApiRefusedException(ApiError.NameInvalid, "The id of an org may not contain '/'.");
        if (!Asset.IsValid(body.Asset))
        {
            throw new ApiRefusedException(
                ApiError.ParameterInvalid, $"'{Inputs.Shown(body.Asset)}' is not an asset: three to twelve capital letters or digits, such as USD or CREDIT.");
        }

        var zone = body.TimeZone ?? "UTC";
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, $"'{Inputs.Shown(zone)}' is not an IANA time zone, such as Europe/Berlin.");
        }

        var line = body.CreditLine is { } given ? Inputs.SumLimit(given, "a credit line").Nanos : (Int128?)null;
        var billing = body.Billing ?? throw new ApiRefusedException(ApiError.ParameterInvalid, "billing is required: prepaid or postpaid.");

        var (isNew, _, _) = (await ledger.ActAsync(new Command.OpenOrg(new Org(id, body.Asset, billing, line, zone)), AdminCalls.Of(context),
            new(Inputs.IdempotencyKey(context), body.Reason))).OrThrow();
        return Answer.Made(isNew, Body(Inputs.Org(ledger, id)), TenancyJson.Default.OrgBody);
    }

    private static IResult ListUnits(string org, SettingKind kind, ILedger ledger)
    {
        var asOf = ledger.Read.AsOf;
        Inputs.Org(ledger, org);
        var items = ledger.Of(kind, org).Select(row => Body(OrgUnit.Parse(row.Body))).OrderBy(unit => unit.Name, StringComparer.Ordinal).ToList();
        return Answer.Ok(new UnitListBody(items, asOf), TenancyJson.Default.UnitListBody);
    }

    private static async Task<IResult> CreateUnit(string org, SettingKind kind, HttpContext context, ILedger ledger, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, TenancyJson.Default.NewUnitBody);
        Inputs.Org(ledger, org);
        var name = Inputs.Name(body.Name, kind == SettingKind.Team ? "team" : "project");
        // What stands is found first: made again a moment later it would differ in its time alone.
        if (ledger.Find(kind, org, name) is { } known) return Answer.Made(isNew: false, Body(OrgUnit.Parse(known.Body)), TenancyJson.Default.UnitBody);

        var unit = new OrgUnit(org, name, time.GetUtcNow());
        var outcome = await ledger.ActAsync(new Command.Record(kind, org, name, unit.ToJson(), Once: true), AdminCalls.Of(context));
        var isNew = outcome is not Outcome.Refused { Reason: Refusal.IdReused } && outcome.OrThrow().IsNew;
        var stands = ledger.Find(kind, org, name) is { } row ? OrgUnit.Parse(row.Body) : unit;
        return Answer.Made(isNew, Body(stands), TenancyJson.Default.UnitBody);
    }

    private static OrgBody Body(OrgState state) => new(
        state.Org.Id, state.Org.Asset, state.Org.Billing, state.Org.CreditLineNanos is { } nanos ? new Amount(nanos) : null,
        state.Org.TimeZone, state.ClosedThrough?.ToString());

    private static UnitBody Body(OrgUnit unit) => new(unit.Org, unit.Name, unit.CreatedAt);
}

/// <summary>Settings as the API looks for them.</summary>
internal static class SettingRows
{
    public static IEnumerable<SettingRow> Of(this ILedger ledger, SettingKind kind, string org) =>
        ledger.Read.Settings.Where(row => row.Kind == kind && string.Equals(row.Org, org, StringComparison.Ordinal));

    public static SettingRow? Find(this ILedger ledger, SettingKind kind, string org, string name) =>
        ledger.Of(kind, org).FirstOrDefault(row => string.Equals(row.Name, name, StringComparison.Ordinal));

    /// <exception cref="ApiRefusedException">There is none.</exception>
    public static void Exists(this ILedger ledger, SettingKind kind, string org, string? name)
    {
        if (name is null || ledger.Find(kind, org, name) is not null) return;
        var (error, what) = kind switch
        {
            SettingKind.Team => (ApiError.TeamNotFound, "team"),
            SettingKind.Project => (ApiError.ProjectNotFound, "project"),
            _ => (ApiError.KeyNotFound, "key"),
        };
        throw new ApiRefusedException(error, $"Org '{org}' has no {what} '{Inputs.Shown(name)}'.");
    }
}
