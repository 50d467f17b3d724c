using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Tenancy;

/// <summary>Every key that may spend and every token that may administer. Immutable; made anew when the ledger's settings change.</summary>
internal sealed class KeySnapshot
{
    private readonly SecretTable<Spender> _keys = new();
    private readonly SecretTable<RoleToken> _tokens = new();
    private readonly HashSet<string> _orgs;
    private readonly TimeProvider _time;

    private readonly ConcurrentDictionary<(string Key, string Org), Spender> _acting = new();

    public KeySnapshot(IOrgs ledger, TimeProvider time)
    {
        // The version first: settings read after it are at least as new, so a change in between only means one snapshot more.
        Version = ledger.SettingsVersion;
        _time = time;
        var settings = ledger.Settings;
        _orgs = settings.Where(row => row.Kind == SettingKind.Org).Select(row => row.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var row in settings)
        {
            if (row.Kind == SettingKind.Key)
            {
                Add(ApiKey.Parse(row.Body));
            }
            else if (row.Kind == SettingKind.AdminToken && RoleToken.Parse(row.Body) is { Revoked: false } token)
            {
                _tokens.Add(token.SecretSha256, token, token.ExpiresAt);
            }
        }
    }

    public long Version { get; }

    /// <summary>The bearer of a key, spending for <paramref name="org"/>; null: no such org. Whether it may is not asked here.</summary>
    public Spender? Acting(Spender spender, string org)
    {
        if (spender.Key.Org == org) return spender;
        if (_acting.TryGetValue((spender.Key.Id, org), out var known)) return known;
        if (!_orgs.Contains(org)) return null;

        // Team and project are the key's own org's: they mean nothing in another.
        var acting = new Spender(spender.Key with { Org = org, Team = null, Project = null }, spender.SecretSha256);
        return _acting.GetOrAdd((spender.Key.Id, org), acting);
    }

    /// <summary>Who bears a secret; null: unknown, blocked or expired. Which of these, a caller without the secret must not learn.</summary>
    /// <param name="secret">As it came in the request, in UTF-8.</param>
    public Spender? Find(ReadOnlySpan<byte> secret) => _keys.Find(secret, _time);

    /// <summary>Whose token it is; null: nobody's, or one that is revoked or expired.</summary>
    public RoleToken? FindToken(ReadOnlySpan<byte> secret) => _tokens.Find(secret, _time);

    private void Add(ApiKey key)
    {
        if (key.Blocked || !_orgs.Contains(key.Org)) return;
        var terms = key.Terms ?? KeyTerms.None;
        _keys.Add(key.SecretSha256, new(key, Convert.FromHexString(key.SecretSha256)), terms.ExpiresAt);
        if (terms is not { PreviousSha256: { } previous, PreviousUntil: { } until }) return;
        _keys.Add(previous, new(key, Convert.FromHexString(previous)), terms.ExpiresAt < until ? terms.ExpiresAt : until);
    }
}

/// <summary>Finds what a secret stands for by its hash.</summary>
internal sealed class SecretTable<T>
    where T : class
{
    private const int HashBytes = 32;

    private readonly Dictionary<long, (byte[] Sha256, T Value, DateTimeOffset? Until)> _byHashStart = [];

    public void Add(string sha256, T value, DateTimeOffset? until)
    {
        var hash = Convert.FromHexString(sha256);
        if (hash.Length == HashBytes) _byHashStart[BinaryPrimitives.ReadInt64LittleEndian(hash)] = (hash, value, until);
    }

    public T? Find(ReadOnlySpan<byte> secret, TimeProvider time)
    {
        Span<byte> hash = stackalloc byte[HashBytes];
        SHA256.HashData(secret, hash);

        // The dictionary narrows by 8 bytes of a hash, which tells nothing of the secret; the comparison that decides takes the same time for all.
        return _byHashStart.TryGetValue(BinaryPrimitives.ReadInt64LittleEndian(hash), out var found)
            && CryptographicOperations.FixedTimeEquals(hash, found.Sha256)
            && (found.Until is not { } until || time.GetUtcNow() < until) ? found.Value : null;
    }
}

/// <summary>The newest <see cref="KeySnapshot"/>, checked at every request: a key that was blocked a commit ago is refused now.</summary>
internal sealed class CurrentKeys(IOrgs orgs, TimeProvider time) : CurrentSettings<KeySnapshot>(orgs)
{
    protected override KeySnapshot Read(IOrgs orgs, KeySnapshot? before) => new(orgs, time);

    protected override long VersionOf(KeySnapshot snapshot) => snapshot.Version;
}
