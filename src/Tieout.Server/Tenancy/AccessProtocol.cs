using Microsoft.AspNetCore.Http;
using Tieout.Server.Errors;

namespace Tieout.Server.Tenancy;

/// <summary>How a credential arrives at an endpoint, and the form of a refusal that its clients understand.</summary>
internal abstract class AccessProtocol
{
    protected const string Scheme = "Bearer ";

    /// <summary>More characters than any secret has. Limits how much is hashed for strangers.</summary>
    public const int SecretLengthMax = 512;

    /// <summary>The error for a credential that is missing or not valid.</summary>
    public abstract ApiError Unidentified { get; }

    /// <summary>Null: the request has none, or one that is too long.</summary>
    public abstract string? Secret(HttpRequest request);

    /// <summary>One sentence: how to send a credential.</summary>
    public abstract string HowToIdentify(HttpRequest request);

    /// <summary>Nothing of the answer may have been sent yet.</summary>
    public abstract Task RefuseAsync(HttpContext context, ApiError error, string? detail);

    protected static string? Bearer(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && header[Scheme.Length..].Trim() is { Length: > 0 and <= SecretLengthMax } secret
            ? secret : null;
    }
}

/// <summary>The API's: a bearer token, and problems of RFC 9457.</summary>
internal sealed class ApiProtocol : AccessProtocol
{
    public static readonly ApiProtocol Instance = new();

    private ApiProtocol() { }

    public override ApiError Unidentified => ApiError.Unauthorized;

    public override string? Secret(HttpRequest request) => Bearer(request);

    public override string HowToIdentify(HttpRequest request) => "Send the admin token, or a key of the org, as 'Authorization: Bearer ...'.";

    public override Task RefuseAsync(HttpContext context, ApiError error, string? detail) => error.ToProblem(detail).ExecuteAsync(context);
}
