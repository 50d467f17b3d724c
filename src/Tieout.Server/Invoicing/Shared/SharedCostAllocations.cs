using System.Text.Json.Nodes;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage;

namespace Tieout.Server.Invoicing.Shared;

/// <summary>How a part of a shared cost was split, as exports say it.</summary>
/// <param name="Method">Name and version of the method.</param>
/// <param name="Details">JSON: the tenant's ratio, and the unit and quantity that it was weighed by.</param>
internal sealed record SharedCostAllocation(string Method, string Details);

/// <summary>Finds the split of a charge, each once.</summary>
internal sealed class SharedCostAllocations(ILedgerReader read)
{
    private readonly Dictionary<string, SharedCostBody?> _splits = new(StringComparer.Ordinal);

    /// <returns>Null: the usage is no part of a shared cost.</returns>
    public async ValueTask<SharedCostAllocation?> OfAsync(UsageRecord usage, CancellationToken cancellationToken)
    {
        if (usage.Labels.Source != UsageSource.SharedCost) return null;
        if (!_splits.TryGetValue(usage.OperationId, out var split))
        {
            var name = SharedCostCharges.RecordOf(usage.OperationId);
            var row = await read.RecordAsync(new(RecordKind.SharedCost, "", name), cancellationToken);
            _splits[usage.OperationId] = split = row is null ? null : SharedCostCharges.Parse(row.Body);
        }

        if (split?.Items.FirstOrDefault(item => item.Org == usage.Labels.Org) is not { } part) return null;
        var element = new JsonObject
        {
            ["AllocatedRatio"] = part.Share,
            ["UsageUnit"] = split.Unit,
            ["UsageQuantity"] = (long)part.Weight,
        };
        return new(split.Method, new JsonObject { ["Elements"] = new JsonArray(element), ["x_Window"] = split.Window }.ToJsonString());
    }
}
