using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Tenancy;

public sealed class NamesTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("meta-llama/llama-3.1-8b:free", true)]
    [InlineData("ann@example.org", true)]
    [InlineData("", false)]
    [InlineData("-a", false)]
    [InlineData("a b", false)]
    [InlineData("a\n", false)]
    [InlineData("a\r\n", false)]
    [InlineData("a\nb", false)]
    [InlineData("\na", false)]
    [InlineData("a\0", false)]
    [InlineData("\u0430", false)]
    public void A_name_is_one_line_of_the_allowed_characters_to_its_very_end(string name, bool valid) => Assert.Equal(valid, Names.IsValid(name));

    [Theory]
    [InlineData("USD", true)]
    [InlineData("USD\n", false)]
    [InlineData("usd", false)]
    public void So_is_an_asset(string code, bool valid) => Assert.Equal(valid, Asset.IsValid(code));
}
