using System.Collections.Immutable;
using Tieout.Core.Money;

namespace Tieout.Server.Configuration;

/// <summary>Reads <c>approvals:</c>.</summary>
internal static class ApprovalYaml
{
    private static readonly TimeSpan ValidForMax = TimeSpan.FromDays(90);

    public static ApprovalOptions Approvals(YamlPlace place)
    {
        var members = place.Members("above", "valid_for");
        var options = new ApprovalOptions();
        if (members.TryGetValue("above", out var above))
        {
            options = options with
            {
                Limits = above.Entries().ToImmutableDictionary(
                entry => AssetOf(entry.Key.Value!, entry.Value), entry => Limit(entry.Value), StringComparer.Ordinal)
            };
        }

        if (members.TryGetValue("valid_for", out var given))
        {
            var validFor = given.Duration();
            if (validFor < TimeSpan.FromMinutes(1) || validFor > ValidForMax)
            {
                throw given.Wrong($"'{given.Text()}' is out of range: valid_for is from 1m to 90d, for example 3d");
            }

            options = options with { ValidFor = validFor };
        }

        return options;
    }

    private static string AssetOf(string name, YamlPlace place) =>
        name == ApprovalOptions.AnyAsset || Asset.IsValid(name)
            ? name : throw place.Wrong($"'{name}' is not an asset: write its code, for example USD, or '*' for all others");

    private static Amount Limit(YamlPlace place) =>
        Amount.TryParse(place.Text(), out var amount) && amount >= Amount.Zero
            ? amount : throw place.Wrong($"'{place.Text()}' is not an amount: write a plain decimal, for example 1000.00");
}
