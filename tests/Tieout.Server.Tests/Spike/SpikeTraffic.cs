using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Tests.Spike;

/// <summary>Nine days of two orgs with two features each.</summary>
internal static class SpikeTraffic
{
    public const int Hours = 216;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <param name="input">By how much the input of a request grows, by hour, org and feature; 0: there are no requests.</param>
    public static async Task FillAsync(ILedger ledger, Instant begin, Func<int, string, string, int> input)
    {
        var random = new Random(5);
        var attempts = new List<Command>();
        foreach (var org in (string[])["org-1", "org-2"])
        {
            Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(new Command.OpenOrg(new(org, "USD", BillingMode.Postpaid, null, "UTC")), Stop));
            foreach (var feature in (string[])["chat", "search"])
            {
                for (var hour = 0; hour < Hours; hour++)
                {
                    if (input(hour, org, feature) is not (> 0 and var factor)) continue;
                    for (var i = 0; i < 3; i++)
                    {
                        attempts.Add(Attempt(org, feature, (1_000 + random.Next(60)) * factor, 100 + random.Next(6), $"u{random.Next(30)}",
                            begin + TimeSpan.FromMinutes(60 * hour + 10 * i)));
                    }
                }
            }
        }

        foreach (var batch in attempts.Chunk(1_000)) await ledger.SubmitAsync([.. batch], Stop);
    }

    private static Command.Charge Attempt(string org, string feature, long input, long output, string user, Instant at)
    {
        var labels = new UsageLabels { Org = org, Feature = feature, Provider = "openai", Model = "gpt-4o", Source = UsageSource.Gateway };
        var usage = new UsageRecord(
            new AttemptId(Guid.CreateVersion7()), labels, "op", 1, null, null, null, user, at, 12, 200, new(input, 0, 0, output, 0), UsageBasis.Reported,
            UsageFlags.None);
        var cost = new Amount(input * 2_500 + output * 10_000);
        return new(new(usage, null, cost, cost), Fact: true);
    }
}
