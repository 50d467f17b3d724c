using Tieout.Core.Metering;
using Tieout.Core.Tests.Ledger;

using Outcome = Tieout.Core.Ledger.Outcome;
using UsageFilter = Tieout.Core.Ledger.UsageFilter;

namespace Tieout.Storage.Tests.Contract;

/// <summary>Labels of runtimes, which other usage does not have.</summary>
public abstract partial class LedgerContract
{
    [Fact]
    public async Task L8_labels_of_runtimes_are_stored_whole_and_found_again()
    {
        var usual = Make.Labels();
        UsageLabels Of(RuntimeLabels? runtime, UsageSource source) =>
            new() { Org = usual.Org, Project = "p1", Provider = "own", Model = "h100", Source = source, Runtime = runtime };
        UsageLabels[] all =
        [
            Of(new("app-1", "scheduler", IsControlPlane: true, "managed", "cluster", "ray"), UsageSource.AppRuntime),
            Of(new("app-1", "worker", IsControlPlane: false, "managed", null, "ray"), UsageSource.AppRuntime),
            Of(new("app-2", null, IsControlPlane: false, null, null, null), UsageSource.Allocation),
            Of(null, UsageSource.Allocation),
        ];
        await using (var ledger = Open(fresh: true))
        {
            await BeginAsync(ledger);
            for (var i = 0; i < all.Length; i++)
            {
                Assert.IsType<Outcome.Done>(await ledger.SubmitAsync(Make.Charge(i + 1, 1, all[i], at: Clock.Now, fact: true), Cancel));
            }
        }

        await using (var again = Open(fresh: false))
        {
            for (var i = 0; i < all.Length; i++) Assert.Equal(all[i], (await again.Read.AttemptAsync(usual.Org, Make.Id(i + 1), Cancel))!.Usage!.Usage.Labels);
            var first = new List<long>();
            await foreach (var row in again.Read.UsageAsync(
                new UsageFilter(usual.Org, Clock.Now - TimeSpan.FromDays(1), Clock.Now + TimeSpan.FromDays(1)).Where("app_instance", "app-1"), Cancel))
            {
                first.Add(row.Seq);
            }

            Assert.Equal([1, 2], first);

            // Known labels get no second number.
            Assert.IsType<Outcome.Done>(await again.SubmitAsync(Make.Charge(9, 1, all[0], at: Clock.Now, fact: true), Cancel));
            Assert.Equal((await again.Read.AttemptAsync(usual.Org, Make.Id(1), Cancel))!.Usage!.Labels,
                (await again.Read.AttemptAsync(usual.Org, Make.Id(9), Cancel))!.Usage!.Labels);
        }

        AssertVerified();
    }
}
