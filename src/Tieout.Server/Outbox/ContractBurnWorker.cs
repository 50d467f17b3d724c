using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Core.Attribution.Contracts;
using Tieout.Server.Attribution.Contracts;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Outbox;

/// <summary>Tells when a join contract's error budget is used too fast over all orgs, once an episode, and when it is over.</summary>
internal sealed class ContractBurnWorker(
    ILedger ledger, CurrentContracts contracts, AlertBook book, TimeProvider time, OutageLog outages, ILogger<ContractBurnWorker> logger)
    : LeaderWorker(ledger, TimeSpan.FromMinutes(1), time, outages)
{
    public const string CodePrefix = "contract_burn_";

    private bool _knowsEpisodes;

    protected override ILogger Logger => logger;

    protected override string Work => "error budgets of contracts";

    /// <summary>Looks at every contract in force, and ends the alerts of those that are not.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        if (!_knowsEpisodes) await book.RecallAsync(CodePrefix, cancellationToken);
        _knowsEpisodes = true;
        var inForce = contracts.Get().InForce.ToList();
        var burns = await ContractBurns.ReadAsync(
            inForce, [.. Ledger.Read.Orgs], Ledger.Read, Instant.From(Time.GetUtcNow()), cancellationToken);
        foreach (var (contract, windows) in inForce.Zip(burns))
        {
            foreach (var burn in windows) book.Set(Code(burn.Window), contract.Name, burn.IsBurning, burn.Rate ?? burn.Lacking, burn.Window.RateMax);
        }

        var names = inForce.Select(contract => contract.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var window in BurnWindow.All)
        {
            foreach (var contract in book.Raised(Code(window)).Where(contract => !names.Contains(contract)))
            {
                book.Set(Code(window), contract, isRaised: false, 0, window.RateMax);
            }
        }
    }

    protected override Task LeadAsync(CancellationToken stoppingToken) => LookAsync(stoppingToken);

    protected override void Forget() => _knowsEpisodes = false;

    private static string Code(BurnWindow window) => CodePrefix + window.Name;
}
