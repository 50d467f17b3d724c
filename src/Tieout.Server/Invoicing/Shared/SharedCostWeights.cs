using Tieout.Core.Invoicing.Shared;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Server.Http;
using Tieout.Storage;

namespace Tieout.Server.Invoicing.Shared;

/// <summary>What each tenant's part is measured by, from the same lines as the reports. Shares of costs that were charged before are no usage.</summary>
internal static class SharedCostWeights
{
    /// <summary>No line has GPU seconds, so each record of machine time is looked at.</summary>
    private const long RowsMax = 1_000_000;

    public static async Task<IReadOnlyList<TenantWeight>> ReadAsync(SharedCostRequest request, ILedgerReader read, CancellationToken cancellationToken)
    {
        if (request.Method == SharedCostMethod.Fixed) return request.Parts;
        var weights = new List<TenantWeight>();
        var rows = 0L;
        foreach (var org in request.Orgs)
        {
            var lines = (await read.SumsAsync(new(org, request.From, request.To), cancellationToken))
                .Where(line => line.Labels.Source != UsageSource.SharedCost).ToList();
            var weight = Int128.Zero;
            if (request.Method == SharedCostMethod.ByTokens)
            {
                foreach (var line in lines) weight += line.Sums.InputTokens + line.Sums.OutputTokens;
            }
            else if (request.Method == SharedCostMethod.Even)
            {
                weight = lines.Exists(line => line.Sums.Attempts > 0) ? 1 : 0;
            }
            else
            {
                foreach (var source in (UsageSource[])[UsageSource.Allocation, UsageSource.AppRuntime])
                {
                    rows += lines.Where(line => line.Labels.Source == source).Sum(line => line.Sums.Attempts);
                    if (rows > RowsMax) throw SharedCostRequest.Refused($"The window has more than {RowsMax} records of machine time. Split day by day.");
                    weight += await GpuSecondsAsync(org, request, source, read, cancellationToken);
                }
            }

            weights.Add(new(org.Org.Id, weight));
        }

        return weights;
    }

    private static Task<Int128> GpuSecondsAsync(
        OrgState org, SharedCostRequest request, UsageSource source, ILedgerReader read, CancellationToken cancellationToken)
    {
        var filter = new UsageFilter(org.Org.Id, request.From, request.To).Where("source", SnakeCase.Of(source));
        return read.RangeAsync(new(org, filter), usage =>
        {
            var seconds = Int128.Zero;
            foreach (var entry in usage.Rows)
            {
                if (entry.Correction is null) seconds += UnitCounts.Of(entry.Usage.Usage.Counts)[UsageUnits.GpuSeconds];
            }

            return seconds;
        }, cancellationToken);
    }
}
