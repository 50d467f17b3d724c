using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Tieout.Server.Telemetry;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Hosting;

/// <summary>An exception that ends a background service of .NET ends the whole server, so all lasting work is a <see cref="Worker"/>, which begins
/// again.</summary>
public sealed class HostedWorkTests
{
    /// <summary>They do something when the server starts or stops, and have no loop that an exception could end, or one that catches all.</summary>
    private static readonly string[] OnlyStartAndStop = ["AccessCheck", "DetachJob", "DoorWarnings", "EnvelopeKeys", "SettlementSpool"];

    private static readonly Type[] Hosted =
        [.. typeof(Worker).Assembly.GetTypes().Where(type => !type.IsAbstract && typeof(IHostedService).IsAssignableFrom(type))];

    [Fact]
    public void All_lasting_work_beside_the_requests_is_a_worker()
    {
        Assert.Equal(OnlyStartAndStop, Hosted.Where(type => !typeof(Worker).IsAssignableFrom(type)).Select(type => type.Name).Order(StringComparer.Ordinal));
        Assert.True(Hosted.Length > 15, $"Only {Hosted.Length} hosted services were found.");
    }

    // Goal: no lasting work is left out of the server, as the watch of the configuration once was. Method: all kinds by reflection, against those of a server
    // that runs.
    [Fact]
    public async Task All_lasting_work_runs_in_a_server()
    {
        await using var world = await ApiWorld.StartAsync();

        // A server without a certificate has none to read again.
        Assert.Equal(
            Hosted.Select(type => type.Name).Except(["TlsReload"]).Order(StringComparer.Ordinal),
            world.Server.Services.GetServices<IHostedService>().Select(service => service.GetType())
                .Where(type => type.Assembly == typeof(Worker).Assembly).Select(type => type.Name).Order(StringComparer.Ordinal));
    }

    // Goal: an exception that nobody expected ends neither the server nor the work. Method: work that fails twice is run by the host's own rules.
    [Fact]
    public async Task A_worker_that_fails_begins_again()
    {
        using var worker = new FailingWorker();
        await worker.StartAsync(TestContext.Current.CancellationToken);

        await worker.Done.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal(2, worker.Begun);
        await worker.StopAsync(TestContext.Current.CancellationToken);
        Assert.True(worker.ExecuteTask!.IsCompletedSuccessfully);
    }

    private sealed class FailingWorker : Worker
    {
        private readonly TaskCompletionSource _done = new();

        public Task Done => _done.Task;

        public int Begun { get; private set; }

        protected override Microsoft.Extensions.Logging.ILogger Logger => Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

        protected override Task RunAsync(CancellationToken stoppingToken)
        {
            if (++Begun == 1) throw new InvalidOperationException("Planted.");
            _done.SetResult();
            return Task.CompletedTask;
        }
    }
}
