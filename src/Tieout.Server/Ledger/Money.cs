using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Ledger;

/// <param name="Id">Counts once, for ever; may come as <c>Idempotency-Key</c> instead.</param>
/// <param name="Reason">Why. Required above the approval limit.</param>
public sealed record TopUpBody(Amount Amount, string? Id = null, string? Reason = null);

/// <param name="Priority">Lower is used first. Default 0.</param>
/// <param name="ExpiresAt">A day or a time; null: never.</param>
public sealed record GrantBody(Amount Amount, string? Id = null, int Priority = 0, string? ExpiresAt = null, string? Reason = null);

/// <param name="Posting">The posting that is taken back.</param>
/// <param name="NewAmount">What is entered instead; null: nothing.</param>
public sealed record CorrectionBody(long Posting, string Reason, Amount? NewAmount = null, string? Id = null);

/// <param name="Posting">The posting that was made, now or the first time.</param>
/// <param name="Replayed">The id stood already with the same content; nothing was done.</param>
public sealed record MoneyBody(string Id, string Org, string Asset, long Posting, bool Replayed, Amount Posted, Amount Held, Amount? Available);

/// <param name="Available">What may still be spent, above the floor and beside what is held; null: no floor.</param>
public sealed record BalanceBody(string Org, string Asset, Amount Posted, Amount Held, Amount? Available, IReadOnlyList<GrantLotBody> Grants, long AsOf);

public sealed record GrantLotBody(string Id, Amount Granted, Amount Left, int Priority, string? ExpiresAt);

/// <summary>Money in, corrections, and the balance.</summary>
internal static class MoneyEndpoints
{
    private const int ReasonMax = 500;

    public static void MapMoney(this IEndpointRouteBuilder api)
    {
        api.MapGet("/orgs/{org}/balance", Balance).Allow(Access.Tenant(KeyScope.ReadBilling).OrEveryRole());
        api.MapPost("/orgs/{org}/topups", TopUp).Allow(Access.Roles(AdminRole.Finance));
        api.MapPost("/orgs/{org}/grants", Grant).Allow(Access.Roles(AdminRole.Finance));
        api.MapPost("/orgs/{org}/corrections", Correct).Allow(Access.Roles(AdminRole.Finance));
    }

    private static IResult Balance(string org, ILedger ledger)
    {
        var asOf = ledger.Read.AsOf;
        var state = Inputs.Org(ledger, org);
        var account = ledger.Read.Balance(org)!;
        var grants = account.Grants.Select(lot => new GrantLotBody(lot.Id, lot.Granted, lot.Left, lot.Priority, lot.ExpiresAt?.ToString())).ToList();
        return Answer.Ok(new BalanceBody(org, state.Org.Asset, account.Balance, account.Held, account.Available, grants, asOf), LedgerJson.Default.BalanceBody);
    }

    private static async Task<IResult> TopUp(string org, HttpContext context, ILedger ledger)
    {
        var body = await Inputs.BodyAsync(context, LedgerJson.Default.TopUpBody);
        var id = Inputs.CommandId(context, body.Id);
        var amount = Inputs.Positive(body.Amount, "a top-up");
        return await Submit(Inputs.Org(ledger, org).Org, id, new Command.TopUp(id, org, amount), body.Reason, context, ledger);
    }

    private static async Task<IResult> Grant(string org, HttpContext context, ILedger ledger)
    {
        var body = await Inputs.BodyAsync(context, LedgerJson.Default.GrantBody);
        var id = Inputs.CommandId(context, body.Id);
        var amount = Inputs.Positive(body.Amount, "a grant");
        var state = Inputs.Org(ledger, org);
        Instant? expiresAt = body.ExpiresAt is { } text ? Inputs.Time(text, state.Zone) : null;
        return await Submit(state.Org, id, new Command.Grant(id, org, amount, body.Priority, expiresAt), body.Reason, context, ledger);
    }

    private static async Task<IResult> Correct(string org, HttpContext context, ILedger ledger)
    {
        var body = await Inputs.BodyAsync(context, LedgerJson.Default.CorrectionBody);
        var id = Inputs.CommandId(context, body.Id);
        if (body.NewAmount is { } amount) Inputs.Positive(amount, "the new amount", zeroIsFine: true);
        if (string.IsNullOrWhiteSpace(body.Reason) || body.Reason.Length > ReasonMax)
        {
            throw new ApiRefusedException(
                ApiError.ParameterInvalid, $"reason is required, from 1 to {ReasonMax} characters. It is stored with the correction.");
        }

        var state = Inputs.Org(ledger, org);
        return await Submit(state.Org, id, new Command.Correct(id, org, body.Posting, body.NewAmount, body.Reason), body.Reason, context, ledger);
    }

    private static async Task<IResult> Submit(Org org, string id, Command command, string? reason, HttpContext context, ILedger ledger)
    {
        if (reason?.Length > ReasonMax) throw new ApiRefusedException(ApiError.ParameterInvalid, $"A reason has at most {ReasonMax} characters.");
        var (isNew, posting, figures) = (await ledger.ActAsync(command, AdminCalls.Of(context), new(id, reason))).OrThrow();
        var body = new MoneyBody(id, org.Id, org.Asset, posting, !isNew, figures.Posted, figures.Held, figures.Available);
        return Answer.Made(isNew, body, LedgerJson.Default.MoneyBody);
    }
}
