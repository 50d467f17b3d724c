using MimeKit;

namespace Tieout.Server.Configuration;

/// <summary>Reads <c>smtp</c> of <c>tieout.yaml</c>.</summary>
internal static class SmtpYaml
{
    private const int PortDefault = 587;
    private const int PortMax = 65_535;

    public static SmtpOptions Smtp(YamlPlace place)
    {
        var members = place.Members("host", "port", "from", "security", "user", "password");
        var host = members.TryGetValue("host", out var named) ? named.Text() : throw place.Wrong("smtp needs a host, for example mail.example.com");
        if (host.Length == 0 || Uri.CheckHostName(host) is UriHostNameType.Unknown) throw named.Wrong($"'{host}' is not a host, for example mail.example.com");
        var from = members.TryGetValue("from", out var sender) ? sender.Text() : throw place.Wrong("smtp needs from, for example tieout@example.com");
        if (!MailAddress.IsValid(from)) throw sender.Wrong($"'{from}' is not an e-mail address, for example tieout@example.com");
        var port = members.TryGetValue("port", out var at) ? (int)at.Count(PortMax) : PortDefault;
        var security = members.TryGetValue("security", out var how) ? Security(how) : SmtpSecurity.StartTls;
        var user = members.TryGetValue("user", out var who) ? who.Text() : null;
        var password = members.TryGetValue("password", out var secret) ? secret.Text() : null;
        if (user is null != password is null) throw place.Wrong("smtp needs both user and password, or neither");
        if (user is not null && security is SmtpSecurity.None) throw place.Wrong("smtp sends no password without TLS: set security to starttls or tls");
        return new(host, port, from, security, user, password);
    }

    private static SmtpSecurity Security(YamlPlace place) => place.Text() switch
    {
        "starttls" => SmtpSecurity.StartTls,
        "tls" => SmtpSecurity.Tls,
        "none" => SmtpSecurity.None,
        var text => throw place.Wrong($"'{text}' is not a security: write starttls, tls or none"),
    };
}

/// <summary>Addresses of e-mail as the configuration and endpoints name them: one mailbox, without a name and without a list.</summary>
internal static class MailAddress
{
    private const int LengthMax = 254;

    public static bool IsValid(string text) =>
        text.Length <= LengthMax && !text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '<' or '>' or ',' or ';' or '?' or '%')
        && MailboxAddress.TryParse(text, out var address) && address.Address == text && address.Domain.Length > 0;
}
