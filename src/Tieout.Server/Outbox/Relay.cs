using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Server.Configuration;
using Tieout.Server.Outbox.Channels;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Outbox;

/// <summary>Brings the outbox to its endpoints: at least once, and in order within an org. Every node does; each lane is one node's at a time.</summary>
internal sealed partial class Relay(ILedger ledger, ChannelSender sender, ServerOptions options, TimeProvider time, OutageLog outages, ILogger<Relay> logger)
    : TickingWorker(TimeSpan.FromMilliseconds(500), time, outages)
{
    /// <summary>Lanes that this node works at, at once.</summary>
    private const int LanesMax = 32;

    /// <summary>Of one endpoint, so that a slow one does not keep the others waiting.</summary>
    private const int LanesOfEndpointMax = 8;

    /// <summary>Messages of one lane before others have their turn.</summary>
    private const int TurnMessages = 100;

    /// <summary>After a node's death another goes on with its lanes. Renewed by every message.</summary>
    private static readonly TimeSpan LeaseMargin = TimeSpan.FromSeconds(15);

    private readonly Dictionary<string, int> _busy = new(StringComparer.Ordinal);
    private readonly List<Task> _working = [];

    private TimeSpan Lease => options.Webhooks.Timeout + LeaseMargin;

    protected override ILogger Logger => logger;

    protected override string Work => "deliveries of messages";

    /// <summary>What was under way is not known to have come, and is sent again.</summary>
    protected override Task EndAsync() => Task.WhenAll(_working);

    protected override async Task TickAsync(CancellationToken stoppingToken)
    {
        if (!sender.CanSign) return;
        _working.RemoveAll(work => work.IsCompleted);
        await ledger.Deliveries.RouteAsync(() => [.. Webhook.All(ledger.Read).Values.Select(webhook => webhook.Subscription)], stoppingToken);
        if (_working.Count >= LanesMax) return;
        var webhooks = Webhook.All(ledger.Read);
        foreach (var lane in await ledger.Deliveries.ClaimAsync(Lease, LanesMax - _working.Count, BusyEndpoints(), stoppingToken))
        {
            lock (_busy) _busy[lane.Endpoint] = _busy.GetValueOrDefault(lane.Endpoint) + 1;
            _working.Add(Task.Run(() => WorkAsync(lane, webhooks.GetValueOrDefault(lane.Endpoint), stoppingToken), CancellationToken.None));
        }
    }

    private List<string> BusyEndpoints()
    {
        lock (_busy) return [.. _busy.Where(endpoint => endpoint.Value >= LanesOfEndpointMax).Select(endpoint => endpoint.Key)];
    }

    private async Task WorkAsync(Lane lane, Webhook? webhook, CancellationToken stoppingToken)
    {
        try
        {
            if (webhook is null) await ledger.Deliveries.DropAsync(lane, stoppingToken);
            else await DeliverAsync(lane, webhook, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The lease ends by itself.
        }
        catch (StoreUnavailableException unavailable)
        {
            Outages.See("deliveries of messages", unavailable.Message);
        }
        catch (Exception unexpected)
        {
            LogUnexpected(unexpected, lane.Endpoint, lane.Org);
        }
        finally
        {
            lock (_busy)
            {
                if (--_busy[lane.Endpoint] == 0) _busy.Remove(lane.Endpoint);
            }
        }
    }

    /// <summary>One after the other: the next goes out only when the one before has been taken or given up.</summary>
    private async Task DeliverAsync(Lane lane, Webhook webhook, CancellationToken stoppingToken)
    {
        foreach (var waiting in await ledger.Deliveries.WaitingAsync(lane, TurnMessages, stoppingToken))
        {
            var at = Instant.From(Time.GetUtcNow());
            var outcome = await sender.SendAsync(webhook, waiting.MessageId, waiting.Message, stoppingToken);
            var isDead = outcome.Error is not null && (outcome.IsGone || waiting.Attempts + 1 >= options.Webhooks.AttemptsMax);
            var state = outcome.Error is null ? DeliveryState.Delivered : isDead ? DeliveryState.Dead : DeliveryState.Waiting;
            var attempt = new DeliveryAttempt(
                waiting.Message.Seq, state, at, (int)Math.Min(outcome.Took.TotalMilliseconds, int.MaxValue), outcome.Status, outcome.Error);
            if (!await ledger.Deliveries.RecordAsync(lane, attempt, Lease, CancellationToken.None)) return;
            if (isDead) LogDead(waiting.MessageId, waiting.Message.Type, lane.Endpoint, outcome.Error!);
            if (state is not DeliveryState.Waiting) continue;
            await ledger.Deliveries.ReleaseAsync(lane, options.Webhooks.PauseAfter(waiting.Attempts + 1, outcome.RetryAfter), CancellationToken.None);
            return;
        }

        await ledger.Deliveries.ReleaseAsync(lane, TimeSpan.Zero, CancellationToken.None);
    }

    [LoggerMessage(EventId = LogEvents.MessageNotDelivered, Level = LogLevel.Error,
        Message = "Message {MessageId} ({Type}) could not be delivered to {Endpoint} and is dead: {Reason}. See 'tieout outbox dead'")]
    private partial void LogDead(string messageId, string type, string endpoint, string reason);

    [LoggerMessage(EventId = LogEvents.DeliveryFailed, Level = LogLevel.Error, Message = "Delivering to {Endpoint} for {Org} failed unexpectedly")]
    private partial void LogUnexpected(Exception failure, string endpoint, string org);
}
