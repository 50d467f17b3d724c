using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tieout.Core.Ledger;
using Tieout.Storage;

namespace Tieout.Server.Outbox;

/// <summary>Puts messages into the outbox behind whoever has something to tell: nobody waits for them.</summary>
internal sealed partial class Announcements(ILedger ledger, ILogger<Announcements> logger) : BackgroundService
{
    /// <summary>What waits while the store is slow; past it, messages are only logged.</summary>
    private const int WaitingMax = 1_000;

    private readonly Channel<Command.Announce> _waiting = Channel.CreateBounded<Command.Announce>(WaitingMax);

    public void Tell(Command.Announce message)
    {
        if (!_waiting.Writer.TryWrite(message)) LogNotTold(message.Type, message.Id, "too many wait");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var message in _waiting.Reader.ReadAllAsync(stoppingToken)) await TellAsync(message, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task TellAsync(Command.Announce message, CancellationToken stoppingToken)
    {
        try
        {
            // Another node may have told it first, with other figures.
            if (await ledger.SubmitAsync(message, stoppingToken) is Outcome.Refused { Reason: not Refusal.IdReused } refused) LogNotTold(message.Type, message.Id, refused.Reason.ToString());
        }
        catch (StoreUnavailableException unavailable)
        {
            LogNotTold(message.Type, message.Id, unavailable.Message);
        }
    }

    [LoggerMessage(EventId = 2601, Level = LogLevel.Error, Message = "{Type} {Id} could not be put into the outbox: {Reason}")]
    private partial void LogNotTold(string type, string id, string reason);
}
