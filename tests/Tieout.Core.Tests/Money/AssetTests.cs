using Tieout.Core.Money;

namespace Tieout.Core.Tests.Money;

public sealed class AssetTests
{
    [Theory]
    [InlineData("USD", true)]
    [InlineData("USD\n", false)]
    [InlineData("usd", false)]
    [InlineData("US", false)]
    public void An_asset_is_capitals_and_digits_to_its_very_end(string code, bool valid) => Assert.Equal(valid, Asset.IsValid(code));
}
