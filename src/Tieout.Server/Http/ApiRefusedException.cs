using Tieout.Server.Errors;

namespace Tieout.Server.Http;

/// <summary>Ends a request with an error of the catalogue, from however deep.</summary>
/// <param name="detail">One sentence about this occurrence; amounts yes, secrets never.</param>
internal sealed class ApiRefusedException(ApiError error, string? detail = null) : Exception(detail ?? error.Title)
{
    public ApiError Error { get; } = error;
    public string? Detail { get; } = detail;
}
