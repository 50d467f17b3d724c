namespace Tieout.Server.Configuration;

/// <summary>The mail server that takes messages for e-mail endpoints. Credentials are never in the ledger.</summary>
/// <param name="From">The address that messages are from.</param>
/// <param name="User">Null: the mail server asks for none.</param>
public sealed record SmtpOptions(string Host, int Port, string From, SmtpSecurity Security, string? User, string? Password)
{
    /// <summary>Not the options themselves: they hold a password, and records print all they have.</summary>
    public override string ToString() => $"{Host}:{Port}";
}

/// <summary>How the connection to a mail server is secured.</summary>
public enum SmtpSecurity
{
    /// <summary>Plain at first, then TLS: required, not only where offered.</summary>
    StartTls,

    /// <summary>TLS from the first byte, usually port 465.</summary>
    Tls,

    /// <summary>None: for a mail server on this machine, and never with a password.</summary>
    None,
}
