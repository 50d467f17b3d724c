using System.Collections.Immutable;
using Tieout.Core.Money;
using Tieout.Server.Attribution;
using Tieout.Server.Configuration;
using Tieout.Server.Tests.Attribution;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Errors.Golden;

/// <summary>How the servers are configured.</summary>
internal static class GoldenOptions
{
    public static ServerOptions Of(GoldenServer server, ServerOptions options) => server switch
    {
        GoldenServer.Standard => Standard(options),
        GoldenServer.Tight => options with
        {
            EnvelopeSecret = EnvelopeSecretFile.Parse(EnvelopeWorld.SecretText),
            Governor = options.Governor with
            {
                BodyBytes = new(All: 8_000, Org: 9_000, Caller: 10_000),
                ObjectsPerOrg = 1,
                ReadTime = TimeSpan.FromMilliseconds(50),
                Ledger = new() { OpenHoldsPerOrg = 1, SettingsPerKind = 2, LineageSteps = 1 },
            },
        },
        _ => options with { Doors = options.Doors with { WrongCredentials = 1 } },
    };

    private static ServerOptions Standard(ServerOptions options) => options with
    {
        EnvelopeSecret = EnvelopeSecretFile.Parse(EnvelopeWorld.SecretText),
        Approvals = new() { Limits = ImmutableDictionary<string, Amount>.Empty.Add("EUR", Amount.Parse("100")) },
        Surfaces = [new("legacy", World.Org, "org,day", "credits", "credits", new SurfaceSource.InFile("/no/such/counters.csv", "csv"), Every: null, Days: 0)],
        Limits = [new(Org: null, Team: null, Key: null, Model: "limited", RequestsPerMinute: 1, TokensPerMinute: null, Concurrency: null)],
        Providers =
        [
            .. options.Providers,
            options.Providers[0] with { Name = "claude", Dialect = ProviderDialect.Anthropic },
            options.Providers[0] with { Name = "google", Dialect = ProviderDialect.Gemini, BaseUrl = new Uri(
                options.Providers[0].BaseUrl.OriginalString + "beta") },
            options.Providers[0] with { Name = "away", BaseUrl = new Uri("http://127.0.0.1:9/v1") },
            options.Providers[0] with { Name = "slow", Timeouts = new(FirstByte: TimeSpan.FromMilliseconds(50)) },
        ],
        Models =
        [
            .. options.Models,
            new("claude-sonnet-4-5", [new("claude", "claude-sonnet-4-5")]),
            new("gemini-2.5-flash", [new("google", "gemini-2.5-flash")]),
            new("limited", [new("sim", "gpt-4o")]),
            new("away", [new("away", "gpt-4o")]),
            new("slow", [new("slow", "gpt-4o")]),
        ],
    };
}
