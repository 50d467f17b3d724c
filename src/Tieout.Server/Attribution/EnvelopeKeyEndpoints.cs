using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tieout.Core.Attribution;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Attribution;

/// <param name="Id">The new key's; null: one is made. The same id again is the same rotation.</param>
public sealed record NewEnvelopeKeyBody(string? Id = null);

public sealed record SetEnvelopeKeyBody(EnvelopeKeyState State);

/// <param name="Available">Whether it can be derived here; false: it was made under another secret.</param>
/// <param name="RetiredAt">Since when it issues nothing; null: it issues.</param>
public sealed record EnvelopeKeyBody(
    string Id, string Algorithm, EnvelopeKeyState State, bool Available, DateTimeOffset CreatedAt, DateTimeOffset? RetiredAt, DateTimeOffset? RevokedAt);

public sealed record EnvelopeKeyListBody(IReadOnlyList<EnvelopeKeyBody> Items, long AsOf);

/// <summary>The platform's envelope keys: seen, rotated, put out of use. No secret passes here.</summary>
internal static class EnvelopeKeyEndpoints
{
    public static void MapEnvelopeKeys(this IEndpointRouteBuilder api)
    {
        api.MapGet("/envelope-keys", List).Allow(Access.EveryRole);
        api.MapPost("/envelope-keys", Rotate).Allow(Access.Roles());
        api.MapPost("/envelope-keys/{key}/state", Set).Allow(Access.Roles()).Irreversible("tieout.envelope_key.set_state", "envelope_key", "key");
    }

    private static IResult List(ILedger ledger, EnvelopeKeys keys)
    {
        var asOf = ledger.Read.AsOf;
        return Answer.Ok(new EnvelopeKeyListBody([.. keys.All().Select(key => Body(key, keys))], asOf), AttributionJson.Default.EnvelopeKeyListBody);
    }

    private static async Task<IResult> Rotate(HttpContext context, ILedger ledger, EnvelopeKeys keys)
    {
        var body = await Inputs.BodyAsync(context, AttributionJson.Default.NewEnvelopeKeyBody);
        if (!keys.CanIssue)
        {
            throw new ApiRefusedException(
                ApiError.EnvelopesOff, $"Set {EnvelopeSecretFile.Variable}, or start the server with 'tieout serve', which makes a secret.");
        }

        if (body.Id is { } id) Inputs.Name(id, "id");
        var (key, isNew, refused) = await keys.RotateAsync(body.Id, command => ledger.ActAsync(command, AdminCalls.Of(context)));
        refused?.OrThrow();
        return Answer.Made(isNew, Body(key!, keys), AttributionJson.Default.EnvelopeKeyBody);
    }

    private static async Task<IResult> Set(string key, HttpContext context, ILedger ledger, EnvelopeKeys keys, TimeProvider time)
    {
        var body = await Inputs.BodyAsync(context, AttributionJson.Default.SetEnvelopeKeyBody);
        var standing = keys.Find(key) ?? throw new ApiRefusedException(ApiError.EnvelopeKeyNotFound, $"The envelope key '{Inputs.Shown(key)}' does not exist.");
        var changed = standing.To(body.State, time.GetUtcNow())
            ?? throw new ApiRefusedException(
                ApiError.EnvelopeKeyState, $"The key is {SnakeCase.Of(standing.State)} and cannot become {SnakeCase.Of(body.State)}.");
        if (changed != standing) (await ledger.ActAsync(EnvelopeKeys.Set(changed), AdminCalls.Of(context))).OrThrow();
        return Answer.Ok(Body(changed, keys), AttributionJson.Default.EnvelopeKeyBody);
    }

    private static EnvelopeKeyBody Body(EnvelopeKey key, EnvelopeKeys keys) =>
        new(key.Id, key.Algorithm, key.State, keys.Ring.Find(key.Id)?.Signing is not null, key.CreatedAt, key.RetiredAt, key.RevokedAt);
}
