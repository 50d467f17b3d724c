namespace Tieout.Core.Attribution;

/// <summary>The envelope keys with what was derived for them. Immutable.</summary>
public sealed class KeyRing
{
    private readonly Dictionary<string, KeyMaterial> _byId = new(StringComparer.Ordinal);

    /// <param name="secret">Null: there is none here, and every key is unavailable.</param>
    public KeyRing(IEnumerable<EnvelopeKey> keys, EnvelopeSecret? secret)
    {
        foreach (var key in keys)
        {
            var material = secret is not null && key.Algorithm == EnvelopeKey.Hs256 && secret.Check(key.Id) == key.Check
                ? new KeyMaterial(key, secret.Signing(key.Id), secret.Lineage(key.Id))
                : new KeyMaterial(key, Signing: null, Lineage: null);
            _byId[key.Id] = material;
            var isNewer = Active is null || (material.Key.CreatedAt, material.Key.Id).CompareTo((Active.Key.CreatedAt, Active.Key.Id)) > 0;
            if (key.State is EnvelopeKeyState.Active && material.Signing is not null && isNewer) Active = material;
        }
    }

    /// <summary>What issues now: the newest active key that is available; null: none.</summary>
    public KeyMaterial? Active { get; }

    public KeyMaterial? Find(string id) => _byId.GetValueOrDefault(id);
}

/// <summary>A key and its derived secrets.</summary>
/// <param name="Signing">Null: unavailable, for want of the secret it was made under.</param>
/// <param name="Lineage">Null when <paramref name="Signing"/> is.</param>
public sealed record KeyMaterial(EnvelopeKey Key, byte[]? Signing, byte[]? Lineage)
{
    /// <summary>Never the secrets.</summary>
    public override string ToString() => Key.Id;
}
