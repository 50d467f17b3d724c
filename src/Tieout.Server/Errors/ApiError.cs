using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Tieout.Server.Errors;

internal sealed record ApiError(string Code, int Status, string Title)
{
    public static readonly ApiError InvalidInput = new("invalid_input", 400, "The request cannot be understood.");
    public static readonly ApiError Unauthorized = new("unauthorized", 401, "A valid credential is needed.");
    public static readonly ApiError Forbidden = new("forbidden", 403, "The credential does not allow this.");
    public static readonly ApiError OrgNotFound = new("org_not_found", 404, "There is no such org.");
    public static readonly ApiError BodyTooLarge = new("body_too_large", 413, "The body is too large.");

    public ProblemHttpResult ToProblem(string? detail = null) => TypedResults.Problem(
        type: $"https://tieout.example/errors/{Code}", title: Title, statusCode: Status, detail: detail,
        extensions: new Dictionary<string, object?> { ["code"] = Code });
}
