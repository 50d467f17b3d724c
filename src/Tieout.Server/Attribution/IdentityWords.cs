using System.Diagnostics;
using Tieout.Core.Attribution;
using Tieout.Server.Errors;

namespace Tieout.Server.Attribution;

/// <summary>How the API says why an identity is refused.</summary>
internal static class IdentityWords
{
    public static ApiError ErrorOf(IdentityRefusal reason) => reason switch
    {
        IdentityRefusal.EnvelopeRefused => ApiError.EnvelopeRefused,
        IdentityRefusal.EnvelopeRevoked => ApiError.EnvelopeRevoked,
        IdentityRefusal.EnvelopeRequired => ApiError.EnvelopeRequired,
        IdentityRefusal.EnvelopeExpired => ApiError.EnvelopeExpired,
        IdentityRefusal.TenantRewritten or IdentityRefusal.TenantForeign => ApiError.IdentityRebind,
        _ => throw new UnreachableException($"No error for {reason}."),
    };
}
