using System.Net;
using System.Net.Sockets;
using Tieout.Server.Configuration;

namespace Tieout.Server.Outbox;

/// <summary>Where webhooks may go. Names are looked up when connecting, and what they stand for is judged then: a name can change its mind.</summary>
internal static class WebhookAddress
{
    /// <summary>What is not the internet: this machine, private and shared networks, link-local (where clouds keep credentials), multicast, and forms of IPv6
    /// that carry those.</summary>
    private static readonly IPNetwork[] Private =
    [
        .. ((string[])[
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15",
            "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "::/127", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10", "ff00::/8"]).Select(
                IPNetwork.Parse),
    ];

    /// <summary>Why an address cannot be an endpoint of a format; null: it can.</summary>
    public static string? Validate(string url, string? format, ServerOptions options)
    {
        if (format is not Webhook.Mail) return Validate(url, options.Webhooks);
        if (options.Smtp is null) return "No mail server is configured. Set smtp in tieout.yaml.";
        return MailAddress.IsValid(url[Webhook.MailScheme.Length..]) ? null : "url must be one address, such as mailto:ops@example.com.";
    }

    /// <summary>Why an address cannot be an endpoint; null: it can.</summary>
    public static string? Validate(string? url, WebhookOptions options)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri is not { UserInfo: "", Fragment: "", Host.Length: > 0 } || url!.Length > 2_000)
        {
            return "url must be an address such as https://example.com/hooks, without a user and without a fragment.";
        }

        if (uri.Scheme is not "https" && !(options.AllowHttp && uri.Scheme is "http"))
        {
            return "url must begin with https://. To allow http://, set webhooks.allow_http.";
        }

        if (!options.AllowPrivate && IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && IsPrivate(address))
        {
            return "The address is in a private network or on the server's own machine. To allow such addresses, set webhooks.allow_private.";
        }

        return null;
    }

    public static bool IsPrivate(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return Array.Exists(Private, network => network.Contains(address));
    }

    /// <summary>Connects to an address of the host that may be one.</summary>
    /// <exception cref="HttpRequestException">There is none.</exception>
    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, WebhookOptions options, CancellationToken cancellationToken)
    {
        var end = context.DnsEndPoint;
        var addresses = await Dns.GetHostAddressesAsync(end.Host, cancellationToken);
        var allowed = options.AllowPrivate ? addresses : [.. addresses.Where(address => !IsPrivate(address))];
        if (allowed.Length == 0) throw new HttpRequestException("the address is in a private network");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, end.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
