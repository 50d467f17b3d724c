using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tieout.Core.Tenancy;

/// <summary>The networks that a key may be used from.</summary>
public sealed class AddressList
{
    public const int Max = 64;

    private readonly ImmutableArray<IPNetwork> _networks;

    private AddressList(ImmutableArray<IPNetwork> networks) => _networks = networks;

    /// <summary>Reads entries that <see cref="TryNormalize"/> wrote.</summary>
    /// <exception cref="FormatException">An entry is no network.</exception>
    public static AddressList Of(IReadOnlyList<string> entries) => new([.. entries.Select(IPNetwork.Parse)]);

    /// <summary>An unknown address is in no list.</summary>
    public bool Allows(IPAddress? address)
    {
        if (address is null) return false;
        foreach (var network in _networks)
        {
            if (network.Contains(address)) return true;
        }

        return false;
    }

    /// <summary>Reads an address (<c>192.0.2.7</c>, <c>2001:db8::7</c>) or a network in CIDR form (<c>192.0.2.0/24</c>, <c>2001:db8::/32</c>). Bits after the
    /// prefix must be zero.</summary>
    /// <param name="normal">The network in CIDR form; IPv4 in IPv6 becomes IPv4.</param>
    public static bool TryNormalize(string text, [NotNullWhen(true)] out string? normal)
    {
        normal = null;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!TryAddress(slash < 0 ? text : text[..slash], out var address)) return false;
        var bits = Bits(address);
        var prefix = bits;
        if (slash >= 0 && !(int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix) && prefix <= bits)) return false;
        if (address.IsIPv4MappedToIPv6 && prefix < bits - 32) return false;
        var plain = Plain(address);
        prefix -= bits - Bits(plain);
        if (HasBitsAfter(plain, prefix)) return false;
        normal = new IPNetwork(plain, prefix).ToString();
        return true;
    }

    /// <summary>Only the usual forms: no octal or hexadecimal parts, no zone of an interface.</summary>
    private static bool TryAddress(string text, [NotNullWhen(true)] out IPAddress? address) =>
        IPAddress.TryParse(text, out address)
            && (address.AddressFamily is AddressFamily.InterNetwork
                ? address.ToString() == text : address.ScopeId == 0 && !text.Contains('%', StringComparison.Ordinal) && text[0] != '[');

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static int Bits(IPAddress address) => address.AddressFamily is AddressFamily.InterNetwork ? 32 : 128;

    private static bool HasBitsAfter(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = prefix; bit < bytes.Length * 8; bit++)
        {
            if ((bytes[bit / 8] & (0x80 >> (bit % 8))) != 0) return true;
        }

        return false;
    }
}
