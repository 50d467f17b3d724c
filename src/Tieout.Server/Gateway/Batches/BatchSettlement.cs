using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Pricing;
using Tieout.Server.Telemetry;
using Tieout.Storage;
using Endpoint = Tieout.Server.Gateway.Dialects.Endpoint;

namespace Tieout.Server.Gateway.Batches;

/// <summary>Charges each line of an ended batch once, however often and by whom the end is seen (M1, L3).</summary>
internal sealed partial class BatchSettlement(
    CurrentPrices prices, KeptAtProvider provider, BatchHolds holds, ILedger ledger, Configuration.ServerOptions options, ILogger<BatchSettlement> logger)
{
    private const int StripesCount = 64;

    /// <summary>Of many requests that see the end at once, one charges and the others wait. The ids would make the others replays, but each would read all
    /// results.</summary>
    private readonly SemaphoreSlim[] _settling = [.. Enumerable.Range(0, StripesCount).Select(_ => new SemaphoreSlim(1))];

    /// <param name="word">The provider's description of the batch.</param>
    /// <returns>False: the batch has ended and its usage is not durable, so no client may see the end yet (M4).</returns>
    /// <exception cref="StoreUnavailableException">As false, because of the store.</exception>
    public async Task<bool> SeeAsync(KeptObject batch, Upstream upstream, ReadOnlyMemory<byte> word)
    {
        var api = BatchApi.For(Dialect.For(upstream.Options.Dialect));
        if (!batch.IsPending || !api.HasEnded(word.Span)) return true;
        var (org, id) = (batch.Object.Org, batch.Object.Id);
        var stripe = _settling[(id.GetHashCode(StringComparison.Ordinal) & int.MaxValue) % StripesCount];
        await stripe.WaitAsync();
        try
        {
            if (await ledger.Read.ObjectAsync(org, ObjectKind.Batch, id, CancellationToken.None) is not { IsPending: true }) return true;
            var facts = BatchFacts.Parse(batch.Object.Body);
            if (prices.Of(org) is not { } own || api.EndpointOf(word.Span) is not { } endpoint) return false;
            var lines = new Lines(org, facts, upstream, own, endpoint, OpenHolds(org, facts).ToDictionary(hold => hold.Id), options.Gateway.Claims);
            foreach (var results in api.ResultsOf(id, word.Span))
            {
                if (!await ChargeAsync(lines, api, results)) return false;
            }

            // A line without a result never ran.
            if (!await holds.ReleaseAsync(OpenHolds(org, facts).Select(hold => hold.Id).ToList())) return false;
            await ledger.SubmitAsync([.. api.FilesOf(word.Span).Select(file => Owned(batch.Object, file, facts)),
                new Command.EndObject(org, ObjectKind.Batch, id, """{"settled":true}""")], CancellationToken.None);
            return true;
        }
        finally
        {
            stripe.Release();
        }
    }

    /// <summary>Reads and charges the results line by line, so that memory is bounded.</summary>
    private async Task<bool> ChargeAsync(Lines lines, BatchApi api, string path)
    {
        using var deadline = provider.Deadline(lines.Upstream);
        try
        {
            using var answer = await lines.Upstream.SendAsync(lines.Org, HttpMethod.Get, path, content: null, new HeaderDictionary(), deadline.Token);
            if (!answer.IsSuccessStatusCode) throw new HttpRequestException($"The results are answered with {(int)answer.StatusCode}.");
            await using var text = answer.OpenBody();
            var commands = new List<Command>();
            await foreach (var line in LineReader.ReadAsync(text, options.Gateway.BodyBytesMax, deadline.Token))
            {
                deadline.Pause();
                if (BatchFile.IsBlank(line.Span)) continue;
                if (lines.Read(api, line.Span) is not { } result) LogUnread(path);
                else await AddAsync(commands, lines, result);
                if (commands.Count < BatchHolds.ChunkLength) continue;
                if (!await holds.FinishAsync(commands)) return false;
                commands.Clear();
            }

            return await holds.FinishAsync(commands);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidDataException or OperationCanceledException)
        {
            LogNoResults(lines.Upstream.Options.Name, error.Message);
            return false;
        }
    }

    private async Task AddAsync(List<Command> commands, Lines lines, LineResult result)
    {
        var id = lines.Facts.AttemptOf(result.CustomId);
        if (lines.Open.TryGetValue(id, out var open))
        {
            if (result.Status == 0) commands.Add(new Command.Release(id));
            else commands.Add(lines.Charge(open, result));
            return;
        }

        // The line was charged by an earlier reading that failed midway, or its hold has expired.
        var attempt = await ledger.Read.AttemptAsync(lines.Org, id, CancellationToken.None);
        if (attempt?.Hold is not { } hold) LogUnknown(result.CustomId);
        else if (attempt.Usage is null && result.Status != 0) commands.Add(lines.Charge(hold, result));
    }

    private IEnumerable<Hold> OpenHolds(string org, BatchFacts facts) => ledger.Read.OpenHolds(org).Where(hold => facts.Has(hold.Id, hold.OperationId));

    private static Command.KeepObject Owned(ProviderObject batch, string file, BatchFacts facts) =>
        new(batch with { Kind = ObjectKind.File, Id = file, IsPending = false, Body = new FileFacts(facts.Provider, Answer: null).ToJson() });

    [LoggerMessage(EventId = LogEvents.BatchResultsUnreadable, Level = LogLevel.Warning,
        Message = "The results of a batch at {Provider} cannot be read yet: {Reason}")]
    private partial void LogNoResults(string provider, string reason);

    [LoggerMessage(EventId = LogEvents.BatchLineUnreadable, Level = LogLevel.Error, Message = "A line of {Path} is no result of a batch")]
    private partial void LogUnread(string path);

    [LoggerMessage(EventId = LogEvents.BatchResultUnknown, Level = LogLevel.Error, Message = "A batch has a result for {CustomId}, which is in no request")]
    private partial void LogUnknown(string customId);
}

/// <param name="Status">HTTP status of a request of its own; 0: the provider never ran the line.</param>
internal sealed record LineResult(string CustomId, int Status, MeteredUsage Used);

/// <summary>Meters and prices the lines of one batch.</summary>
/// <param name="Claims">How much of what the provider claims for a line is charged.</param>
/// <param name="Open">Holds that were open when the reading of the results began.</param>
internal sealed record Lines(
    string Org, BatchFacts Facts, Upstream Upstream, OrgPrices Prices, Endpoint Endpoint, IReadOnlyDictionary<AttemptId, Hold> Open, ClaimLimit Claims)
{
    /// <returns>Null: the line is not a result.</returns>
    public LineResult? Read(BatchApi api, ReadOnlySpan<byte> line)
    {
        var meter = new UsageMeter(
            new AttemptPrices(Prices, Upstream, default, InBatch: true).Reader(Endpoint.Flavor, Endpoint.OwnExtractor), promptBytes: 0, price: null);
        if (!api.TryReadResult(line, out var result))
        {
            // The provider ran the line and its usage cannot be read, so the attempt costs what was held for it.
            return JsonMember.TextBeforeDamage(line, "custom_id"u8) is { } customId ? new(customId, StatusCodes.Status200OK, meter.Finish(whole: true)) : null;
        }

        if (result.Status is not (>= 200 and < 300)) return new(result.CustomId, result.Status, UsageMeter.Failed);
        Endpoint.Reader(new GatewayRequest { Model = "", Bytes = 0 }, meter).Whole(result.Answer);
        return new(result.CustomId, result.Status, meter.Finish(whole: true));
    }

    /// <summary>One usage record and one charge for the line, at the batch price of the model that answered.</summary>
    public Command.Settle Charge(Hold hold, LineResult result)
    {
        var model = hold.Scope.Model!;
        var prices = new AttemptPrices(Prices, Upstream, hold.HeldAt, InBatch: true);
        var record = new AttemptRecord(
            hold.Id, hold.OperationId, AttemptNo: 1, Facts.Workflow, Facts.Correlation, Facts.Trace, hold.EndUser,
            model, prices.Of(model).Price, prices, new(hold));
        return record.Settle(result.Status, result.Used, lasted: TimeSpan.Zero, hold.Amount, Claims);
    }
}
