using System.Net;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Tenancy;

/// <summary>What a key may ask for.</summary>
internal static class KeyRules
{
    /// <summary>Why a key may not do this kind of work; null: it may.</summary>
    public static AccessRefusal? Refuse(this Spender spender, KeyScope scope) =>
        Terms(spender).Allows(scope) ? null
            : new(ApiError.ScopeNotAllowed, $"The key has no scope '{scope}'; it has {string.Join(", ", Terms(spender).Scopes ?? [KeyScope.Inference])}.");

    /// <summary>Why a key may not be used from an address; null: it may.</summary>
    /// <param name="address">The caller's, as the trusted proxies see it; null: unknown.</param>
    public static AccessRefusal? Refuse(this Spender spender, IPAddress? address) =>
        spender.Addresses is not { } list || list.Allows(address) ? null
            : new(ApiError.AddressNotAllowed,
                $"The key may not be used from {address?.ToString() ?? "an unknown address"}. Use it from an address of its list, or have this one added.");

    /// <summary>Two sentences for whoever sent the tag.</summary>
    public static string Detail(PinConflict conflict) =>
        $"The request has the {conflict.Tag} '{Inputs.Shown(conflict.Said)}', but the key's requests have the {conflict.Tag} '{conflict.Pinned}'. Leave it out, or use another key.";

    public static KeyTerms Terms(Spender spender) => spender.Key.Terms ?? KeyTerms.None;
}
