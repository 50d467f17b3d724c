using System.Net;

namespace Tieout.Server.Configuration;

/// <summary>Reads the members of <c>tieout.yaml</c> that say how callers reach the server.</summary>
internal static class DoorYaml
{
    public static readonly string[] Members = ["operations_listen", "tls", "allow_plain_http", "public_url", "trusted_proxies", "wrong_credentials"];

    private const int ProxiesMax = 64;

    public static DoorOptions Read(Dictionary<string, YamlPlace> members)
    {
        var doors = new DoorOptions();
        if (members.TryGetValue("operations_listen", out var operations))
        {
            doors = doors with { OperationsListen = Listening(operations.Text(), operations.Wrong) };
        }

        if (members.TryGetValue("tls", out var tls)) doors = doors with { Tls = Tls(tls) };
        if (members.TryGetValue("allow_plain_http", out var plain)) doors = doors with { AllowPlainHttp = Flag(plain.Text(), plain.Wrong) };
        if (members.TryGetValue("public_url", out var url)) doors = doors with { PublicUrl = PublicUrl(url) };
        if (members.TryGetValue("wrong_credentials", out var wrong)) doors = doors with { WrongCredentials = (int)wrong.Count(1_000_000) };
        if (members.TryGetValue("trusted_proxies", out var proxies))
        {
            doors = doors with { TrustedProxies = [.. proxies.Items().Select(Proxy).Take(ProxiesMax)] };
        }

        return doors;
    }

    public static DoorOptions Overridden(DoorOptions doors, Func<string, string?> environment)
    {
        if (environment("TIEOUT__OPERATIONS_LISTEN") is { Length: > 0 } operations)
        {
            doors = doors with { OperationsListen = Listening(operations, Named("TIEOUT__OPERATIONS_LISTEN")) };
        }

        if (environment("TIEOUT__ALLOW_PLAIN_HTTP") is { Length: > 0 } plain)
        {
            doors = doors with { AllowPlainHttp = Flag(plain, Named("TIEOUT__ALLOW_PLAIN_HTTP")) };
        }

        return doors;

        static Func<string, ConfigurationException> Named(string name) => what => new($"{name}: {what}.");
    }

    /// <summary>An address to listen at, checked.</summary>
    public static string Listening(string text, Func<string, ConfigurationException> wrong) =>
        ListenAddress.TryParse(text, out _)
            ? text : throw wrong($"'{text}' is not an address to listen at: write one such as http://127.0.0.1:4080, https://*:4443 or http://localhost:4080");

    private static TlsOptions Tls(YamlPlace place)
    {
        var members = place.Members("certificate", "key", "password");
        if (!members.TryGetValue("certificate", out var certificate)) throw place.Wrong("'tls' needs 'certificate': the file of a PEM or PFX certificate");
        return new(certificate.Text(), members.TryGetValue("key", out var key) ? key.Text() : null,
            members.TryGetValue("password", out var password) ? password.Text() : null);
    }

    private static bool Flag(string text, Func<string, ConfigurationException> wrong) => text switch
    {
        "true" => true,
        "false" => false,
        _ => throw wrong($"'{text}' is neither true nor false"),
    };

    private static Uri PublicUrl(YamlPlace place) =>
        Uri.TryCreate(place.Text().TrimEnd('/'), UriKind.Absolute, out var url)
            && url is { Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "", Host.Length: > 0 }
            ? url
            : throw place.Wrong("public_url must be http:// or https:// with a host, for example https://tieout.example.com");

    private static IPNetwork Proxy(YamlPlace place)
    {
        var text = place.Text();
        if (IPAddress.TryParse(text, out var one)) return new(one, one.GetAddressBytes().Length * 8);
        return IPNetwork.TryParse(text, out var network)
            ? network : throw place.Wrong($"'{text}' is not an address or a network: write 10.0.0.7 or 10.0.0.0/8, with no bits after the prefix");
    }
}
