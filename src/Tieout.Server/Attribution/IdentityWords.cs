using System.Diagnostics;
using Tieout.Core.Attribution;
using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Attribution;

/// <summary>How the API says why an identity is refused.</summary>
internal static class IdentityWords
{
    /// <summary>Why an envelope is refused, for people.</summary>
    public static string Sentence(EnvelopeRefusal flaw) => flaw is EnvelopeRefusal.VersionUnknown
        ? "The envelope has a version that this server does not read (version_unknown). Update the server before the services that issue it."
        : $"The envelope is refused: {SnakeCase.Of(flaw)}.";

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
