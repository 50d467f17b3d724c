using Microsoft.AspNetCore.Http;

namespace Tieout.Console.Sessions;

/// <summary>Where one signs in, and where one goes then.</summary>
internal static class SignInAddress
{
    public const string Path = "/sign-in";

    /// <summary>With the way back to what was asked for.</summary>
    public static string For(HttpRequest request)
    {
        var asked = HttpMethods.IsGet(request.Method) ? request.Path + request.QueryString : "/";
        return asked == "/" ? Path : $"{Path}?to={Uri.EscapeDataString(asked)}";
    }

    /// <summary>Only an address of the console: nobody is sent elsewhere by a link.</summary>
    public static string Back(string? to) => to is ['/', not ('/' or '\\'), ..] && !to.Any(char.IsControl) ? to : "/";
}
