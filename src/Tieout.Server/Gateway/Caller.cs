using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Hosting;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary>Step 1: who asks, and for whom.</summary>
internal sealed record Caller(Spender Spender, Tags Tags, Correlation Correlation)
{
    private const string Scheme = "Bearer ";

    /// <summary>Longer than any key we make; bounds what is hashed for strangers.</summary>
    private const int SecretLengthMax = 512;

    /// <summary>The logical thing asked for; the caller's own id for it, or a new one.</summary>
    public string OperationId { get; } = Tags.Operation ?? Guid.CreateVersion7().ToString();

    public static GatewayRefusal? Identify(HttpContext context, KeySnapshot keys, out Caller? caller)
    {
        caller = null;
        var headers = context.Request.Headers;
        if (Bearer(headers.Authorization) is not { } secret)
        {
            return new(ApiError.InvalidApiKey, "You did not provide an API key: send it in the header Authorization: Bearer KEY.");
        }

        if (Find(keys, secret) is not { } spender) return new(ApiError.InvalidApiKey, "The API key is not known here, or it is blocked or has expired.");
        if (context.Features.Get<LogIds>() is { } ids) ids.Org = spender.Key.Org;
        if (Tags.Read(headers, out var tags) is { } refused) return refused;
        caller = new(spender, tags, Correlation.Of(context));
        return null;
    }

    /// <summary>Whom the request is for: the header's user, else the body's.</summary>
    /// <param name="bodyUser">Free text in OpenAI's dialect; one that is no name counts under its hash, so that it counts at all.</param>
    public string? EndUser(string? bodyUser)
    {
        if (Tags.User is not null || string.IsNullOrEmpty(bodyUser)) return Tags.User;
        return Names.IsValid(bodyUser) ? bodyUser : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(bodyUser)).AsSpan(0, 16))}";
    }

    private static string? Bearer(string? authorization) =>
        authorization is not null && authorization.Length > Scheme.Length && authorization.Length <= SecretLengthMax
        && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? authorization[Scheme.Length..].Trim() : null;

    private static Spender? Find(KeySnapshot keys, string secret)
    {
        Span<byte> bytes = stackalloc byte[SecretLengthMax * 3];
        return Encoding.UTF8.TryGetBytes(secret, bytes, out var length) ? keys.Find(bytes[..length]) : null;
    }
}
