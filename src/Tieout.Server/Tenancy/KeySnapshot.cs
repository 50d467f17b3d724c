using System.Buffers.Binary;
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
