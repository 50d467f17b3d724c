using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;

namespace Tieout.Console.Sessions;

/// <summary>A session: the token that a person signed in with, encrypted, in a cookie that scripts cannot read. The token is looked up for every request, so a
/// revoked one ends its sessions at once.</summary>
internal sealed class SessionCookie(IDataProtectionProvider protection)
{
    private const string Name = "tieout-session";

    private static readonly TimeSpan Length = TimeSpan.FromHours(12);

    private readonly ITimeLimitedDataProtector _protector = protection.CreateProtector("console.session").ToTimeLimitedDataProtector();

    public void Write(HttpContext context, string token) =>
        context.Response.Cookies.Append(Name, _protector.Protect(token, Length), Options(context, Length));

    public static void Remove(HttpContext context) => context.Response.Cookies.Delete(Name, Options(context, length: null));

    /// <summary>Null: there is no session, or it is over.</summary>
    public string? Token(HttpRequest request)
    {
        if (request.Cookies[Name] is not { Length: > 0 and <= 4_096 } text) return null;
        try
        {
            return _protector.Unprotect(text);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>Lax, so that a link in a message opens the page; what changes anything is a form with a token against forgery.</summary>
    private static CookieOptions Options(HttpContext context, TimeSpan? length) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Lax,
        Secure = context.Request.IsHttps,
        Path = "/",
        MaxAge = length,
        IsEssential = true,
    };
}
