using Microsoft.Extensions.Logging;
using Tieout.Server.Telemetry;
using Tieout.Server.Tests.Gateway;
using Tieout.Storage.Sqlite;
using Tieout.Tests;

namespace Tieout.Server.Tests.Outage;

/// <summary>An outage is one line on entering, one a minute and one on leaving, however much fails meanwhile.</summary>
public sealed class OutageLogTests
{
    [Fact]
    public async Task An_outage_of_three_minutes_is_four_lines_and_one_when_it_is_over()
    {
        var folder = Directory.CreateTempSubdirectory("tieout-");
        var ledger = new BreakableLedger(SqliteLedger.Open(folder.FullName));
        var (clock, lines) = (new ManualClock(), new Lines());
        using var log = new OutageLog(ledger, clock, lines);
        log.Look();
        Assert.Empty(lines.Written);

        ledger.Broken = _ => true;
        for (var second = 0; second < 185; second++)
        {
            for (var failed = 0; failed < 120; failed++) log.See("holds", "PostgreSQL: connection refused.");
            log.Look();
            clock.Move(1);
        }

        Assert.Equal([6800, 6801, 6801, 6801], lines.Written.Select(line => line.Id));
        Assert.Contains("holds", lines.Written[^1].Text, StringComparison.Ordinal);
        ledger.Broken = null;

        // A store that comes and goes is one outage.
        log.Look();
        log.See("holds", "PostgreSQL: connection refused.");
        for (var second = 0; second < 5; second++)
        {
            log.Look();
            clock.Move(1);
        }

        Assert.Equal([6800, 6801, 6801, 6801, 6802], lines.Written.Select(line => line.Id));
        Assert.Contains("22201 holds", lines.Written[^1].Text, StringComparison.Ordinal);
        await ledger.DisposeAsync();
        folder.Delete(recursive: true);
    }

    private sealed class Lines : ILogger<OutageLog>
    {
        public List<(int Id, string Text)> Written { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Add((eventId.Id, formatter(state, exception)));
    }
}
