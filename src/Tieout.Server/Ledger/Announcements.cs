using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tieout.Core.Ledger;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Ledger;

/// <summary>Puts messages into the outbox behind whoever has something to tell: nobody waits for them. While the store is down they wait for it.</summary>
internal sealed partial class Announcements(ILedger ledger, TimeProvider time, OutageLog outages, ILogger<Announcements> logger) : Worker
{
    /// <summary>What waits while the store is slow or away; past it, messages are only logged.</summary>
    private const int WaitingMax = 1_000;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Channel<(Command.Announce Message, Command.AddRecord? Beside)> _waiting = Channel.CreateBounded<(Command.Announce, Command.AddRecord?)>(
        WaitingMax);

    /// <param name="beside">What is to be remembered of it, if the message is told or stands already.</param>
    public void Tell(Command.Announce message, Command.AddRecord? beside = null)
    {
        if (!_waiting.Writer.TryWrite((message, beside))) LogNotTold(message.Type, message.Id, "too many wait");
    }

    protected override ILogger Logger => logger;

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        await foreach (var (message, beside) in _waiting.Reader.ReadAllAsync(stoppingToken))
        {
            while (!await TellAsync(message, beside, stoppingToken)) await Task.Delay(Pause, time, stoppingToken);
        }
    }

    /// <returns>False: the store is down, and it is to be tried again.</returns>
    private async Task<bool> TellAsync(Command.Announce message, Command.AddRecord? beside, CancellationToken stoppingToken)
    {
        try
        {
            // Another node may have told it first, with other figures.
            var outcomes = await ledger.SubmitAsync(beside is null ? [message] : [message, beside], stoppingToken);
            foreach (var refused in outcomes.OfType<Outcome.Refused>())
            {
                if (refused.Reason is not Refusal.IdReused) LogNotTold(message.Type, message.Id, refused.Reason.ToString());
            }

            return true;
        }
        catch (StoreUnavailableException unavailable)
        {
            outages.See("announcements", unavailable.Message);
            return false;
        }
    }

    [LoggerMessage(EventId = LogEvents.MessageNotQueued, Level = LogLevel.Error, Message = "{Type} {Id} could not be put into the outbox: {Reason}")]
    private partial void LogNotTold(string type, string id, string reason);
}
