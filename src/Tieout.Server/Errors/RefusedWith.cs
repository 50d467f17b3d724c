using Microsoft.AspNetCore.Http;

namespace Tieout.Server.Errors;

/// <summary>The error of the catalogue that a request was refused with: by this server, not by a provider.</summary>
internal sealed record RefusedWith(ApiError Error)
{
    /// <summary>Code that answers with an error calls this.</summary>
    public static void Note(HttpContext context, ApiError error) => context.Features.Set(new RefusedWith(error));

    /// <summary>Null: nothing refused the request.</summary>
    public static ApiError? Of(HttpContext context) => context.Features.Get<RefusedWith>()?.Error;
}
