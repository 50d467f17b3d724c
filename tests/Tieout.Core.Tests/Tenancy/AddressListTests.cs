using System.Net;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Tenancy;

public sealed class AddressListTests
{
    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7/32"), InlineData("192.0.2.0/24", "192.0.2.0/24"), InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("2001:DB8::7", "2001:db8::7/128"), InlineData("2001:db8::/32", "2001:db8::/32"), InlineData("::/0", "::/0")]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7/32"), InlineData("::ffff:192.0.2.0/120", "192.0.2.0/24")]
    public void An_address_or_network_has_one_form(string text, string normal)
    {
        Assert.True(AddressList.TryNormalize(text, out var read));
        Assert.Equal(normal, read);
        Assert.True(AddressList.TryNormalize(read, out var again));
        Assert.Equal(normal, again);
    }

    [Theory]
    [InlineData(""), InlineData("/8"), InlineData("localhost"), InlineData("10"), InlineData("10.1"), InlineData("010.0.0.1"), InlineData("0x7f.0.0.1"), InlineData("192.0.2.7/")]
    [InlineData("192.0.2.7/24"), InlineData("192.0.2.0/33"), InlineData("192.0.2.0/-1"), InlineData("192.0.2.0/+8"), InlineData("2001:db8::/129"), InlineData("2001:db8::1/32")]
    [InlineData("fe80::1%1"), InlineData("[::1]"), InlineData("::ffff:0.0.0.0/64"), InlineData("192.0.2.0/24/8"), InlineData(" 192.0.2.7")]
    public void Anything_else_is_refused(string text) => Assert.False(AddressList.TryNormalize(text, out _));

    [Theory]
    [InlineData("192.0.2.0/24", "192.0.2.255", true), InlineData("192.0.2.0/24", "192.0.3.0", false), InlineData("192.0.2.0/24", "::ffff:192.0.2.9", true)]
    [InlineData("2001:db8::/32", "2001:db8:ffff::1", true), InlineData("2001:db8::/32", "2001:db9::1", false), InlineData("::/0", "192.0.2.1", false)]
    [InlineData("0.0.0.0/0", "2001:db8::1", false), InlineData("127.0.0.1/32", "127.0.0.1", true), InlineData("192.0.2.0/25", "192.0.2.128", false)]
    public void A_list_has_the_addresses_of_its_networks(string network, string address, bool isIn)
    {
        Assert.Equal(isIn, AddressList.Of(["198.51.100.0/24", network]).Allows(IPAddress.Parse(address)));
        Assert.Equal(isIn, AddressList.Of([network, "198.51.100.0/24"]).Allows(IPAddress.Parse(address)));
    }

    [Fact]
    public void An_unknown_address_is_in_no_list() => Assert.False(AddressList.Of(["0.0.0.0/0", "::/0"]).Allows(null));
}
