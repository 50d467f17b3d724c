using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Tenancy;
using Tieout.Server.Attribution;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Hosting;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary>Step 1: who asks, and for whom.</summary>
internal sealed record Caller(Spender Spender, Tags Tags, Correlation Correlation)
{
    /// <summary>The logical thing asked for; the caller's own id for it, or a new one.</summary>
    public string OperationId { get; } = Tags.Operation ?? Guid.CreateVersion7().ToString();

    /// <summary>The envelope of the operation; null: there is none, as none can be issued here.</summary>
    public CarriedEnvelope? Carried { get; init; }

    /// <summary>Whether it was made for this request.</summary>
    public bool IsCarriedNew { get; init; }

    public static GatewayRefusal? Identify(HttpContext context, Dialect dialect, KeySnapshot keys, out Caller? caller)
    {
        caller = null;
        var headers = context.Request.Headers;
        if (dialect.Secret(context.Request) is not { } secret)
        {
            return new(ApiError.InvalidApiKey, $"You did not provide an API key: send it in the header {dialect.KeyHeader}: {dialect.KeyPrefix}KEY.");
        }

        if (Find(keys, secret) is not { } spender) return new(ApiError.InvalidApiKey, "The API key is not known here, or it is blocked or has expired.");
        if (context.Features.Get<LogIds>() is { } ids) ids.Org = spender.Key.Org;
        if (Tags.Read(headers, out var tags) is { } refused) return refused;
        caller = new(spender, tags, Correlation.Of(context));
        return null;
    }

    /// <summary>Who asks, and for whom: a verified envelope outranks the key's own org and the headers (A2).</summary>
    public static GatewayRefusal? Identify(HttpContext context, Dialect dialect, KeySnapshot keys, Identities identities, out Caller? caller)
    {
        if (Identify(context, dialect, keys, out caller) is { } stranger) return stranger;
        return identities.Bind(context, keys, ref caller!);
    }

    /// <summary>Whom the request is for: the header's user, else the body's.</summary>
    /// <param name="bodyUser">Free text in OpenAI's dialect; one that is no name counts under its hash, so that it counts at all.</param>
    public string? EndUser(string? bodyUser)
    {
        if (Tags.User is not null || string.IsNullOrEmpty(bodyUser)) return Tags.User;
        return Names.IsValid(bodyUser) ? bodyUser : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(bodyUser)).AsSpan(0, 16))}";
    }

    private static Spender? Find(KeySnapshot keys, string secret)
    {
        Span<byte> bytes = stackalloc byte[Dialect.SecretLengthMax * 3];
        return Encoding.UTF8.TryGetBytes(secret, bytes, out var length) ? keys.Find(bytes[..length]) : null;
    }
}
