using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tieout.Core.Invoicing.Shared;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Invoicing.Shared;

/// <summary>Charges the parts of a split: first the record of the whole split, which takes the name and window once, then each tenant's part.</summary>
/// <remarks>A server that ends in between leaves the record. The same split asked for again goes on with the parts of the record, not with new ones.</remarks>
internal sealed class SharedCostCharges(ILedger ledger)
{
    /// <summary>Names the pool where usage names a provider.</summary>
    public const string Provider = "shared";

    private const string OperationPrefix = "shared/";

    /// <summary>The split that took a window of the name, by its record; null: there is none.</summary>
    /// <param name="request">Its window, and every window that has time in common with it.</param>
    public async Task<SharedCostBody?> RecordedAsync(SharedCostRequest request, CancellationToken cancellationToken)
    {
        await foreach (var row in ledger.Read.AllRecordsAsync(RecordKind.SharedCost, "", $"{request.Name}/", cancellationToken))
        {
            var recorded = Parse(row.Body);
            if (recorded.Window == request.Window || OverlapsDay(recorded.Window, request.Window)) return recorded;
        }

        return null;
    }

    /// <summary>Takes the window and charges every part.</summary>
    /// <exception cref="ApiRefusedException">The window is charged already, or by another split.</exception>
    public async Task<SharedCostBody> ChargeAsync(SharedCostRequest request, SharedCostBody split, SharedCostBody? recorded, AdminCall call)
    {
        if (recorded is not null && !IsSame(recorded, split))
        {
            throw Charged($"'{request.Name}' was charged for {recorded.Window} with other costs or another method.");
        }

        var standing = recorded ?? split with
        {
            Items = [.. split.Items.Select(item => item.Org is null ? item : item with { State = "recorded", UsageId = IdOf(request, item.Org).ToString() })],
        };
        if (recorded is null)
        {
            var outcome = await ledger.ActAsync(
                new Command.AddRecord(
                    RecordKind.SharedCost, "", $"{request.Name}/{request.Window}", JsonSerializer.Serialize(standing, SharedCostJson.Default.SharedCostBody),
                    Once: true)
                { Announcement = new(new RecordMessage($"{request.Name}/{request.Window}", "shared_cost.charged")) }, call);
            if (outcome is Outcome.Refused { Reason: Refusal.IdReused }) throw Charged($"Somebody charged '{request.Name}' for {request.Window} a moment ago.");
            outcome.OrThrow();
        }

        var items = new List<SharedCostLineBody>();
        foreach (var item in standing.Items) items.Add(item is { Org: { } org } ? await ChargeAsync(request, standing, item, org, call) : item);
        if (recorded is not null && items.TrueForAll(item => item.Org is null || item.State == "recorded"))
        {
            throw Charged($"'{request.Name}' was charged for {request.Window} before: every part is recorded. To change it, correct the postings.");
        }

        return standing with { Items = items, AsOf = ledger.Read.AsOf };
    }

    public static SharedCostBody Parse(string json) =>
        JsonSerializer.Deserialize(json, SharedCostJson.Default.SharedCostBody) ?? throw new JsonException("A shared cost is null.");

    private async Task<SharedCostLineBody> ChargeAsync(
        SharedCostRequest request, SharedCostBody split, SharedCostLineBody item, string org, AdminCall call)
    {
        if (item.Amount == Amount.Zero) return item;
        var labels = new UsageLabels { Org = org, Provider = Provider, Model = request.Name, Source = UsageSource.SharedCost };
        var usage = new UsageRecord(
            IdOf(request, org), labels, OperationOf(request.Name, request.Window), AttemptNo: 1, WorkflowId: null, CorrelationId: null, TraceId: null,
            EndUser: null, new(request.To.UnixMicros - 1), DurationMs: 0, StatusCode: 200, default, UsageBasis.Imported, UsageFlags.None);
        var outcome = await ledger.ActAsync(
            new Command.Charge(new(usage, Price: null, item.Amount, item.Amount), Fact: true), call,
            new($"{request.Name}/{request.Window}", $"{split.Reason} ({split.Method} of {request.Name}, {request.Window})"));
        return outcome switch
        {
            Outcome.Done => item with { State = "charged" },
            Outcome.Replayed => item with { State = "recorded" },
            Outcome.Proposed proposed => item with { State = "proposed", Detail = proposed.Proposal.Id },
            Outcome.Refused refused => item with { State = "refused", Detail = refused.Reason.Error.Code },
            _ => throw new InvalidOperationException($"No answer for {outcome}."),
        };
    }

    /// <summary>The operation of every charge of a split.</summary>
    public static string OperationOf(string name, string window) => $"{OperationPrefix}{name}/{window}";

    /// <summary>The name of the record of the split that an operation is of.</summary>
    public static string RecordOf(string operation) =>
        operation.StartsWith(OperationPrefix, StringComparison.Ordinal) ? operation[OperationPrefix.Length..] : operation;

    /// <summary>The same name, window and org are the same charge, for ever (L3).</summary>
    private static AttemptId IdOf(SharedCostRequest request, string org)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"shared cost\n{request.Name}\n{request.Window}\n{org}"), hash);
        hash[0] = 0;
        hash[6] = (byte)(0x80 | (hash[6] & 0x0F));
        hash[8] = (byte)(0x80 | (hash[8] & 0x3F));
        return new(new Guid(hash[..16], bigEndian: true));
    }

    /// <summary>Weights may have moved since, as late usage arrives: what was agreed on is the costs and the method.</summary>
    private static bool IsSame(SharedCostBody recorded, SharedCostBody asked) =>
        recorded.Window == asked.Window && recorded.Asset == asked.Asset && recorded.Method == asked.Method && recorded.Costs.SequenceEqual(asked.Costs)
        && (asked.Method != SharedCostMethod.Fixed.Id || Weights(recorded).SequenceEqual(Weights(asked)));

    private static IEnumerable<(string?, Int128)> Weights(SharedCostBody split) => split.Items.Select(item => (item.Org, item.Weight));

    /// <summary>Whether one is a month and the other a day of it.</summary>
    private static bool OverlapsDay(string one, string other) =>
        one.Length != other.Length && (one.StartsWith(other, StringComparison.Ordinal) || other.StartsWith(one, StringComparison.Ordinal));

    private static ApiRefusedException Charged(string detail) => new(ApiError.SharedCostCharged, detail);
}
