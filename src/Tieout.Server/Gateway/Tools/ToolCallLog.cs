using System.Security.Cryptography;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tools;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Gateway.Tools;

/// <summary>Records the tool calls whose results pass the gateway, behind the requests: no request waits for it.</summary>
internal sealed partial class ToolCallLog(ILedger ledger, TimeProvider time, OutageLog outages, ILogger<ToolCallLog> logger) : Worker
{
    /// <summary>Why a request that brings back a failed or repeated call is made.</summary>
    public const string RetryTrigger = "tool_retry";

    /// <summary>Calls that wait while the store is slow or away; past it, calls are left out and logged.</summary>
    private const int WaitingMax = 20_000;

    private const int BatchMax = 256;

    /// <summary>Providers give ids of 20 characters and more; a shorter one, for example <c>call_1</c>, names a call in its request only.</summary>
    private const int UniqueIdLength = 16;

    /// <summary>One line in the log for so many calls that are left out.</summary>
    private const int LeftOutLogged = 1_000;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Channel<Command> _waiting = Channel.CreateBounded<Command>(new BoundedChannelOptions(WaitingMax) { SingleReader = true });
    private long _leftOut;

    /// <summary>Sees a request for a model.</summary>
    /// <returns>The caller, whose request is a retry of a tool where results say so and the caller gives no other reason.</returns>
    public GatewayCaller See(GatewayCaller caller, ReadOnlyMemory<byte> body)
    {
        var results = ToolResults.Read(body);
        if (results.Count == 0) return caller;
        string? content = null;
        for (var i = 0; i < results.Count; i++)
        {
            var result = results[i];
            var (source, id) = result.Id.Length >= UniqueIdLength
                ? (ToolCall.ProviderSource, result.Id) : (content ??= $"body:{Convert.ToHexStringLower(SHA256.HashData(body.Span))}", $"{i}:{result.Id}");
            var call = new ToolCall(
                ToolCall.Counted(result.Tool), caller.Tags.Feature, result.Failed, result.IsRepeated ? 1 : 0, Instant.From(time.GetUtcNow()), "gateway",
                result.Id)
            {
                OperationId = caller.OperationId,
            };
            Add(new(RecordKind.ToolCall, caller.Spender.Key.Org, ToolCall.NameOf(source, id), call.Body, Once: true));
        }

        return caller.Tags.Trigger is null && IsRetry(results)
            ? caller with { Tags = caller.Tags with { Trigger = RetryTrigger } } : caller;
    }

    /// <summary>Whether a request brings back a failed or repeated call. Records nothing.</summary>
    public static bool IsRetry(ReadOnlyMemory<byte> body) => IsRetry(ToolResults.Read(body));

    protected override ILogger Logger => logger;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        var batch = new List<Command>(BatchMax);
        while (await _waiting.Reader.WaitToReadAsync(stoppingToken))
        {
            while (batch.Count < BatchMax && _waiting.Reader.TryRead(out var command)) batch.Add(command);
            while (!await WriteAsync(batch, stoppingToken)) await Task.Delay(Pause, time, stoppingToken);
            batch.Clear();
        }
    }

    private static bool IsRetry(IReadOnlyList<ToolResult> results) => results.Any(result => result.Failed || result.IsRepeated);

    private void Add(Command.AddRecord record)
    {
        if (_waiting.Writer.TryWrite(record)) return;
        var leftOut = Interlocked.Increment(ref _leftOut);
        if (leftOut % LeftOutLogged == 1) LogLeftOut(leftOut);
    }

    /// <returns>False: the store is away, and it is to be tried again.</returns>
    private async Task<bool> WriteAsync(List<Command> batch, CancellationToken stoppingToken)
    {
        try
        {
            // A call that was seen before is refused or a replay: it counts once.
            await ledger.SubmitAsync(batch, stoppingToken);
            return true;
        }
        catch (StoreUnavailableException unavailable)
        {
            outages.See("tool calls", unavailable.Message);
            return false;
        }
    }

    [LoggerMessage(EventId = LogEvents.ToolCallsLeftOut, Level = LogLevel.Error, Message = "Too many tool calls wait for the store: {LeftOut} were left out.")]
    private partial void LogLeftOut(long leftOut);
}
