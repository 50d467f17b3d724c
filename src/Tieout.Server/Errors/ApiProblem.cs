using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Tieout.Server.Errors;

/// <summary>A problem as the answer to a request. The request counts as refused once it is written.</summary>
internal sealed class ApiProblem(ApiError error, ProblemHttpResult body) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        RefusedWith.Note(httpContext, error);
        return body.ExecuteAsync(httpContext);
    }
}
