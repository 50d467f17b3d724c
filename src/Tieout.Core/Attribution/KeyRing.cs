namespace Tieout.Core.Attribution;

/// <summary>The envelope keys with what was derived for them. Immutable.</summary>
public sealed class KeyRing
{
    private readonly Dictionary<string, KeyMaterial> _byId;

    private readonly Revocations _revocations;

    /// <param name="secret">Null: there is none here, and every key is unavailable.</param>
    /// <param name="revocations">Null: nothing is revoked but by the state of a key.</param>
    public KeyRing(IEnumerable<EnvelopeKey> keys, EnvelopeSecret? secret, Revocations? revocations = null)
    {
        _byId = new(StringComparer.Ordinal);
        _revocations = revocations ?? Revocations.None;
        foreach (var key in keys)
        {
            var material = key.Algorithm == EnvelopeKey.Hs256 && secret?.Under(key.Id, key.Check) is { } made
                ? new KeyMaterial(key, made.Signing(key.Id), made.Lineage(key.Id))
                : new KeyMaterial(key, Signing: null, Lineage: null);
            _byId[key.Id] = material;
            var isNewer = Active is null || (material.Key.CreatedAt, material.Key.Id).CompareTo((Active.Key.CreatedAt, Active.Key.Id)) > 0;
            if (key.State is EnvelopeKeyState.Active && material.Signing is not null && isNewer) Active = material;
        }
    }

    private KeyRing(KeyRing same, Revocations revocations) => (_byId, _revocations, Active) = (same._byId, revocations, same.Active);

    /// <summary>The same keys, nothing derived anew, with other revocations.</summary>
    public KeyRing With(Revocations revocations) => new(this, revocations);

    /// <summary>What issues now: the newest active key that is available; null: none.</summary>
    public KeyMaterial? Active { get; }

    public KeyMaterial? Find(string id) => _byId.GetValueOrDefault(id);

    /// <summary>Whether an envelope is trusted no longer: the key that signed it, the API key it was issued to, or the envelope itself.</summary>
    internal bool IsRevoked(Envelope envelope, KeyMaterial signedWith) => signedWith.Key.State is EnvelopeKeyState.Revoked || _revocations.Hold(envelope);
}

/// <summary>A key and its derived secrets.</summary>
/// <param name="Signing">Null: unavailable, for want of the secret it was made under.</param>
/// <param name="Lineage">Null when <paramref name="Signing"/> is.</param>
public sealed record KeyMaterial(EnvelopeKey Key, byte[]? Signing, byte[]? Lineage)
{
    /// <summary>Never the secrets.</summary>
    public override string ToString() => Key.Id;
}
