using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Outbox;

/// <summary>Watches what falls behind on this server: the spool, the queue, and the store itself.</summary>
internal sealed class Alerts(ILedger ledger, SettlementSpool spool, AlertBook book, GuessTable guesses, ServerOptions options, TimeProvider time,
    OutageLog outages, ILogger<Alerts> logger)
    : TickingWorker(TimeSpan.FromSeconds(5), time, outages)
{
    private readonly string _server = ServerName.Of(options);
    private bool _queueWasLong;

    protected override ILogger Logger => logger;

    protected override string Work => "looks at what falls behind";

    protected override Task TickAsync(CancellationToken stoppingToken) => LookAsync(stoppingToken);

    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        await book.RecallAsync(cancellationToken);
        var (health, limits, waiting) = (ledger.Health, options.Alerts, spool.Count);
        Over("spool_backlog", waiting, limits.SpoolAlert);
        Over("spool_problem", waiting, limits.SpoolProblem);
        Over("dropped_records", spool.Dropped, 0);
        Over("follower_rows", ledger.Follower.Standing.RowsBehind, limits.FollowerRows);
        Over("guessing", guesses.RecentCount(), guesses.Free);

        // A burst fills the queue for a moment and is no news; twice in a row it does not drain.
        var queueIsLong = health.QueueDepth > limits.QueueDepth;
        if (queueIsLong == _queueWasLong) Over("queue_depth", health.QueueDepth, limits.QueueDepth);
        _queueWasLong = queueIsLong;

        // Where there is nothing to write, a write long ago is no news either.
        var hasTraffic = !health.IsWritable || health.QueueDepth > 0 || waiting > 0;
        var age = health.LastWriteAt is { } last ? Seconds(last) : 0;
        book.Set("last_write", _server, hasTraffic && age > (decimal)limits.LastWrite.TotalSeconds, age, (decimal)limits.LastWrite.TotalSeconds);
    }

    private void Over(string code, decimal value, decimal limit) => book.Set(code, _server, value > limit, value, limit);

    private decimal Seconds(Instant last) => Math.Max(0, (Instant.From(Time.GetUtcNow()).UnixMicros - last.UnixMicros) / 1_000_000);
}

/// <summary>What a server is called in alerts: the machine and the port, so that it is the same after a restart.</summary>
internal static class ServerName
{
    public static string Of(ServerOptions options)
    {
        var machine = new string([.. Environment.MachineName.Where(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.')]);
        var port = options.Listen[(options.Listen.LastIndexOf(':') + 1)..];
        return $"{(machine.Length == 0 ? "server" : machine)}:{(port.Length > 0 && port.All(char.IsAsciiDigit) ? port : "80")}";
    }
}
