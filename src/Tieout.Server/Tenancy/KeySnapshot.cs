using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Pricing;
using Tieout.Storage;

namespace Tieout.Server.Tenancy;

/// <summary>Every key that may spend, and the prices of its org. Immutable; made anew when the ledger's settings change.</summary>
internal sealed class KeySnapshot
{
    private const int HashBytes = 32;

    private readonly Dictionary<long, Spender> _byHashStart = [];
    private readonly ConcurrentDictionary<(string Key, string Org), Spender> _acting = new();

    public KeySnapshot(ILedgerReader ledger, KeySnapshot? before)
    {
        // The version first: settings read after it are at least as new, so a change in between only means one snapshot more.
        Version = ledger.SettingsVersion;
        var settings = ledger.Settings;
        Prices = new(settings, before?.Prices);
        foreach (var row in settings)
        {
            if (row.Kind != SettingKind.Key) continue;
            var key = ApiKey.Parse(row.Body);
            if (key.Blocked || Prices.Of(key.Org) is not { } prices) continue;
            var hash = Convert.FromHexString(key.SecretSha256);
            if (hash.Length == HashBytes) _byHashStart[BinaryPrimitives.ReadInt64LittleEndian(hash)] = new(key, hash, prices);
        }
    }

    public long Version { get; }

    public PriceSnapshot Prices { get; }

    /// <summary>The bearer of a key, spending for <paramref name="org"/>; null: no such org. Whether it may is not asked here.</summary>
    public Spender? Acting(Spender spender, string org)
    {
        if (spender.Key.Org == org) return spender;
        if (_acting.TryGetValue((spender.Key.Id, org), out var known)) return known;
        if (Prices.Of(org) is not { } prices) return null;

        // Team and project are the key's own org's: they mean nothing in another.
        var acting = new Spender(spender.Key with { Org = org, Team = null, Project = null }, spender.SecretSha256, prices);
        return _acting.GetOrAdd((spender.Key.Id, org), acting);
    }

    /// <summary>Who bears a secret; null: unknown or blocked. Which of the two, a caller without the secret must not learn.</summary>
    /// <param name="secret">As it came in the request, in UTF-8.</param>
    public Spender? Find(ReadOnlySpan<byte> secret)
    {
        Span<byte> hash = stackalloc byte[HashBytes];
        SHA256.HashData(secret, hash);

        // The dictionary narrows by 8 bytes of a hash, which tells nothing of the secret; the comparison that decides takes the same time for all.
        return _byHashStart.TryGetValue(BinaryPrimitives.ReadInt64LittleEndian(hash), out var spender)
            && CryptographicOperations.FixedTimeEquals(hash, spender.SecretSha256) ? spender : null;
    }
}

/// <summary>The newest <see cref="KeySnapshot"/>, checked at every request: a key that was blocked a commit ago is refused now.</summary>
internal sealed class CurrentKeys(ILedger ledger)
{
    private readonly Lock _rebuilding = new();
    private KeySnapshot? _last;

    public KeySnapshot Get()
    {
        var last = Volatile.Read(ref _last);
        return last is not null && last.Version == ledger.Read.SettingsVersion ? last : Rebuild();
    }

    private KeySnapshot Rebuild()
    {
        lock (_rebuilding)
        {
            if (_last is { } last && last.Version == ledger.Read.SettingsVersion) return last;
            var next = new KeySnapshot(ledger.Read, _last);
            Volatile.Write(ref _last, next);
            return next;
        }
    }
}
