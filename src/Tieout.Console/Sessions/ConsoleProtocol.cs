using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Console.Frame;
using Tieout.Server.Errors;
using Tieout.Server.Tenancy;

namespace Tieout.Console.Sessions;

/// <summary>The console's: a session, and pages that say why something is refused.</summary>
internal sealed class ConsoleProtocol : AccessProtocol
{
    public static readonly ConsoleProtocol Instance = new();

    private ConsoleProtocol() { }

    public override ApiError Unidentified => ApiError.Unauthorized;

    public override string? Secret(HttpRequest request) => request.HttpContext.RequestServices.GetRequiredService<SessionCookie>().Token(request);

    public override string HowToIdentify(HttpRequest request) => "Sign in.";

    public override async Task RefuseAsync(HttpContext context, ApiError error, string? detail)
    {
        if (error == ApiError.Unauthorized)
        {
            // After signing in, one is where one wanted to go.
            context.Response.Redirect(SignInAddress.For(context.Request));
            return;
        }

        await PageAnswers.ShowAsync(context, error, detail);
    }
}
