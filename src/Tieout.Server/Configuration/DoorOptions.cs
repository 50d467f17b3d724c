using System.Collections.Immutable;
using System.Net;

namespace Tieout.Server.Configuration;

/// <summary>The doors of the server: how callers reach it, and what may stand between.</summary>
public sealed record DoorOptions
{
    /// <summary>Where health detail and metrics are answered without a token, for example <c>http://127.0.0.1:4081</c>; null: only to a token with a role, at
    /// the server's own address.</summary>
    public string? OperationsListen { get; init; }

    /// <summary>The certificate of an <c>https://</c> address; null: there is none.</summary>
    public TlsOptions? Tls { get; init; }

    /// <summary>Let callers on other machines send keys over plain HTTP. False: such an address is refused at the start.</summary>
    public bool AllowPlainHttp { get; init; }

    /// <summary>The address that callers use. <c>serve</c> prints it, and webhooks' messages link to resources at it. Null: <c>serve</c> prints the server's
    /// own address, and messages have no links.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>From these addresses <c>X-Forwarded-For</c>, <c>-Proto</c> and <c>-Host</c> are believed. Empty: from none.</summary>
    public ImmutableArray<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Wrong credentials of one address before it has to wait. One a minute is forgotten.</summary>
    public int WrongCredentials { get; init; } = 20;

    /// <summary>An address to listen at, checked.</summary>
    /// <exception cref="ConfigurationException">It is none.</exception>
    public static string Listening(string text)
    {
        ListenAddress.Parse(text);
        return text;
    }
}

/// <summary>A certificate with its private key, in files that are read again when they change.</summary>
/// <param name="Certificate">PEM (with the intermediate certificates after it), or PKCS #12 (<c>.pfx</c>, <c>.p12</c>).</param>
/// <param name="Key">PEM; null: the key is in <paramref name="Certificate"/>.</param>
/// <param name="Password">Of the private key; null: it has none.</param>
public sealed record TlsOptions(string Certificate, string? Key, string? Password)
{
    /// <summary>Not the password.</summary>
    public override string ToString() => Certificate;
}
