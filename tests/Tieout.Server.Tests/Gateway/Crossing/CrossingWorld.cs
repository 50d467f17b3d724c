using System.Security.Cryptography;
using System.Text;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;

namespace Tieout.Server.Tests.Gateway.Crossing;

/// <summary>A second org beside the <see cref="World"/>'s, with a key and money of its own.</summary>
internal static class CrossingWorld
{
    public const string Other = "other";
    public const string OtherSecret = "tk-of-the-other";

    public static async Task AddOtherAsync(this World world)
    {
        await world.DoAsync(new Command.OpenOrg(new Org(Other, "USD", BillingMode.Prepaid, null, "UTC")));
        await world.DoAsync(new Command.TopUp("first-of-other", Other, Amount.Parse("1000")));
        await world.DoAsync(new Command.Record(
            SettingKind.Key, Other, "key-o",
            new ApiKey("key-o", Other, null, null, null, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(OtherSecret))), false,
                DateTimeOffset.UnixEpoch).ToJson(), Once: false));
    }

    /// <summary>A key of the first org that may ask for some models only.</summary>
    public static Task AddLimitedKeyAsync(this World world, string secret, params string[] models) => world.DoAsync(new Command.Record(
        SettingKind.Key, World.Org, "limited",
        new ApiKey("limited", World.Org, null, null, null, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret))), false,
            DateTimeOffset.UnixEpoch)
        { Terms = new(Models: models) }.ToJson(), Once: false));
}
