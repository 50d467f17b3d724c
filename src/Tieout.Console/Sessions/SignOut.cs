using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Console.Frame;
using Tieout.Server.Errors;

namespace Tieout.Console.Sessions;

/// <summary>Ends a session. Only a form of the console does: a link that somebody follows signs nobody out.</summary>
internal static class SignOut
{
    public const string Path = "/sign-out";

    public static async Task AnswerAsync(HttpContext context)
    {
        if (!await context.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context))
        {
            await PageAnswers.ShowAsync(context, ApiError.ParameterInvalid, "The page had gone stale. Go back, load it again and sign out.");
            return;
        }

        SessionCookie.Remove(context);
        context.Response.Redirect("/signed-out");
    }
}
