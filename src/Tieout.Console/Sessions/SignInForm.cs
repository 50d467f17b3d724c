namespace Tieout.Console.Sessions;

/// <summary>What the sign-in page sends.</summary>
public sealed class SignInForm
{
    /// <summary>A secret: it goes into the cookie and nowhere else.</summary>
    public string? Token { get; set; }
}
