using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Tieout.Core;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Tenancy;

/// <summary>Records when each key was last used, to the minute. A request costs a comparison; uses are stored in batches beside the ledger, with no commit and
/// no change of a setting.</summary>
/// <remarks>Another node shows a use within <see cref="StoredEvery"/> and the minute that is cut off. A node that is killed loses at most the uses of
/// <see cref="StoredEvery"/>.</remarks>
internal sealed class KeyUseRecorder(ILedger ledger, TimeProvider time, OutageLog outages, ILogger<KeyUseRecorder> logger)
    : TickingWorker(KeyUseRecorder.StoredEvery, time, outages)
{
    public static readonly TimeSpan StoredEvery = TimeSpan.FromSeconds(30);

    /// <summary>The last minute of each key's use that this node saw, and whether it is stored. As many as there are keys.</summary>
    private readonly ConcurrentDictionary<(string Org, string Key), Use> _uses = new();

    protected override ILogger Logger => logger;

    protected override string Work => "key uses";

    /// <summary>Notes a request that passed the gate.</summary>
    public void Note(Spender spender)
    {
        var minute = Time.GetUtcNow().Ticks / TimeSpan.TicksPerMinute;
        if (spender.UsedMinute == minute) return;
        spender.UsedMinute = minute;
        _uses[(spender.Key.Org, spender.Key.Id)] = new(minute, IsStored: false);
    }

    /// <summary>The last use of every key of an org that was used on any node.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be read.</exception>
    public async Task<IReadOnlyDictionary<string, Instant>> OfAsync(string org, CancellationToken cancellationToken)
    {
        var uses = new Dictionary<string, Instant>(await ledger.KeyUses.OfAsync(org, cancellationToken), StringComparer.Ordinal);
        foreach (var (key, use) in _uses)
        {
            if (key.Org == org && (!uses.TryGetValue(key.Key, out var stored) || stored < use.At)) uses[key.Key] = use.At;
        }

        return uses;
    }

    /// <summary>Stores the uses that are not stored yet. Those that cannot be stored wait for the next Time.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be written.</exception>
    public async Task StoreAsync(CancellationToken cancellationToken)
    {
        var waiting = _uses.Where(use => !use.Value.IsStored).ToList();
        if (waiting.Count == 0) return;
        await ledger.KeyUses.StoreAsync([.. waiting.Select(use => new KeyUse(use.Key.Org, use.Key.Key, use.Value.At))], cancellationToken);

        // Not where the key was used again meanwhile: that minute is not stored yet.
        foreach (var (key, use) in waiting) _uses.TryUpdate(key, use with { IsStored = true }, use);
    }

    protected override Task TickAsync(CancellationToken stoppingToken) => StoreAsync(stoppingToken);

    /// <summary>The last uses.</summary>
    protected override Task EndAsync() => StoreAsync(CancellationToken.None);

    private readonly record struct Use(long Minute, bool IsStored)
    {
        public Instant At => Instant.From(new DateTimeOffset(Minute * TimeSpan.TicksPerMinute, TimeSpan.Zero));
    }
}
