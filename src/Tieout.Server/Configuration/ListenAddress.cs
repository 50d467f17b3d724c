using System.Net;

namespace Tieout.Server.Configuration;

/// <summary>Where a server listens: <c>http://</c> or <c>https://</c>, an IP address, <c>localhost</c> or <c>*</c>, and a port.</summary>
/// <param name="Address">Null: <c>localhost</c>, both of IPv4 and IPv6.</param>
/// <param name="Port">0: a free one.</param>
internal sealed record ListenAddress(IPAddress? Address, int Port, bool IsTls)
{
    /// <summary>Every address of the machine, as <c>*</c>.</summary>
    public static readonly IPAddress Any = IPAddress.IPv6Any;

    public bool IsLoopback => Address is null || IPAddress.IsLoopback(Address);

    public static bool TryParse(string text, out ListenAddress? address)
    {
        address = null;
        var isAny = text.Contains("//*", StringComparison.Ordinal);
        if (!Uri.TryCreate(text.Replace("//*", "//[::]", StringComparison.Ordinal), UriKind.Absolute, out var url)) return false;
        if (url is not { Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "", AbsolutePath: "/" }) return false;
        var ip = isAny ? Any : url.Host is "localhost" ? null : IPAddress.TryParse(url.Host.Trim('[', ']'), out var named) ? named : IPAddress.None;
        if (ip is not null && ip.Equals(IPAddress.None)) return false;
        address = new(ip, url.Port, url.Scheme == "https");
        return true;
    }

    /// <exception cref="ConfigurationException">It is not such an address.</exception>
    public static ListenAddress Parse(string text) =>
        TryParse(text, out var address) ? address!
            : throw new ConfigurationException($"'{text}' is not an address to listen at: write one such as http://127.0.0.1:4080 or https://*:4443.");
}
