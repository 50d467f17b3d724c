using Microsoft.AspNetCore.Http;

namespace Tieout.Server.Errors;

/// <summary>Errors of <c>/api/v1</c>: RFC 9457 problems with a stable <c>code</c>.</summary>
internal static class Problems
{
    extension(ApiError error)
    {
        /// <param name="detail">Belongs to this occurrence; amounts yes, secrets never.</param>
        public ApiProblem ToProblem(string? detail = null, params ReadOnlySpan<KeyValuePair<string, object?>> more) => new(error, TypedResults.Problem(
            type: $"https://tieout.example/errors/{error.Code}", title: error.Title, statusCode: error.Status, detail: detail,
            extensions: [new("code", error.Code), .. more]));
    }
}
