using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Storage;

namespace Tieout.Server.Tenancy;

/// <param name="Role">admin, finance, operator or viewer.</param>
/// <param name="ExpiresAt">A day or a time in UTC; null: never.</param>
public sealed record NewTokenBody(string Role, string? Name = null, string? ExpiresAt = null);

/// <param name="Token">The secret. Shown this once; only its hash is kept.</param>
public sealed record MadeTokenBody(string Id, string Token, string Role, string? Name, DateTimeOffset? ExpiresAt);

public sealed record TokenBody(string Id, string Role, string? Name, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, bool Revoked);

public sealed record TokenListBody(IReadOnlyList<TokenBody> Items, long AsOf);

/// <summary>Tokens of the platform's own people, each with a role.</summary>
internal static class TokenEndpoints
{
    public static void MapTokens(this IEndpointRouteBuilder api)
    {
        api.MapGet("/tokens", List).Allow(Access.Roles());
        api.MapPost("/tokens", Create).Allow(Access.Roles());
        api.MapPost("/tokens/{token}/revoke", Revoke).Allow(Access.Roles()).Irreversible("tieout.token.revoke", "token", "token");
    }

    public static string Name(AdminRole role) => SnakeCase.Of(role);

    private static IResult List(ILedger ledger)
    {
        var asOf = ledger.Read.AsOf;
        var items = ledger.Of(SettingKind.AdminToken, "")
            .Select(row => Body(RoleToken.Parse(row.Body))).OrderBy(token => token.CreatedAt).ThenBy(token => token.Id, StringComparer.Ordinal).ToList();
        return Answer.Ok(new TokenListBody(items, asOf), TenancyJson.Default.TokenListBody);
    }

    private static async Task<IResult> Create(HttpContext context, ILedger ledger, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, TenancyJson.Default.NewTokenBody);
        var role = Enum.GetValues<AdminRole>().Where(role => Name(role) == body.Role).Select(role => (AdminRole?)role).FirstOrDefault()
            ?? throw new ApiRefusedException(ApiError.ParameterInvalid, "The role is viewer, operator, finance or admin.");
        if (body.Name is not null) Inputs.Name(body.Name, "name");
        var expiresAt = KeyInputs.Future(body.ExpiresAt, TimeZoneInfo.Utc, time);
        var (secret, hash) = Secrets.Make(SecretForm.TokenPrefix);
        var token = new RoleToken("tok_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), role, body.Name, hash, time.GetUtcNow(), expiresAt);
        (await ledger.ActAsync(new Command.Record(SettingKind.AdminToken, "", token.Id, token.ToJson(), Once: false), AdminCalls.Of(context))).OrThrow();
        return Answer.Made(isNew: true, new MadeTokenBody(token.Id, secret, Name(role), token.Name, expiresAt), TenancyJson.Default.MadeTokenBody);
    }

    private static async Task<IResult> Revoke(string token, HttpContext context, ILedger ledger)
    {
        var row = ledger.Find(SettingKind.AdminToken, "", token)
            ?? throw new ApiRefusedException(ApiError.TokenNotFound, $"The token '{Inputs.Shown(token)}' does not exist.");
        var revoked = RoleToken.Parse(row.Body) with { Revoked = true };
        (await ledger.ActAsync(new Command.Record(SettingKind.AdminToken, "", token, revoked.ToJson(), Once: false), AdminCalls.Of(context))).OrThrow();
        return Answer.Ok(Body(revoked), TenancyJson.Default.TokenBody);
    }

    private static TokenBody Body(RoleToken token) => new(token.Id, Name(token.Role), token.Name, token.CreatedAt, token.ExpiresAt, token.Revoked);
}

/// <summary>New secrets of the documented form, of which only a hash is stored.</summary>
internal static class Secrets
{
    public static (string Secret, string Sha256) Make(string prefix)
    {
        var secret = SecretForm.Write(prefix, RandomNumberGenerator.GetBytes(SecretForm.RandomBytes));
        return (secret, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret))));
    }
}
