using System.Security.Cryptography;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Telemetry;
using Tieout.Storage;
namespace Tieout.Server.Attribution;

/// <summary>The envelope keys: their records in the ledger, for ever, and the ring made of them. A server that can issue has a key from its start on.</summary>
internal sealed partial class EnvelopeKeys(ILedger ledger, EnvelopeSecretOf secret, TimeProvider time, ILogger<EnvelopeKeys> logger) : IHostedService
{
    private readonly Lock _rebuilding = new();
    private Snapshot? _last;

    public bool CanIssue => secret.Value is not null;

    /// <summary>As of the newest commit: a key that was revoked a commit ago is revoked now.</summary>
    public KeyRing Ring
    {
        get
        {
            var last = Volatile.Read(ref _last);
            return last is not null && last.Version == ledger.Read.SettingsVersion && ReferenceEquals(last.Secret, secret.Value) ? last.Ring : Rebuild();
        }
    }

    /// <summary>Every key there ever was, oldest first.</summary>
    public IReadOnlyList<EnvelopeKey> All() =>
        [.. ledger.Read.Settings.Where(row => row.Kind == SettingKind.EnvelopeKey)
            .Select(row => EnvelopeKey.Parse(row.Body)).OrderBy(key => key.CreatedAt).ThenBy(key => key.Id, StringComparer.Ordinal)];

    public EnvelopeKey? Find(string id) => All().FirstOrDefault(key => key.Id == id);

    /// <returns>Null: the secret of its key is not here, so nothing can be linked to it.</returns>
    public CarriedEnvelope? Carry(string token, Envelope envelope, string keyId) =>
        Ring.Find(keyId)?.Lineage is { } key ? new(token, envelope.Issuance, keyId, key) : null;

    /// <summary>A new key that issues; those that issued before verify what they issued, and nothing newer.</summary>
    /// <param name="id">Null: a new one. A name that is taken is the same rotation again, and changes nothing.</param>
    /// <param name="submit">Submits the one command of the rotation.</param>
    /// <returns>The key, and whether it is new.</returns>
    /// <exception cref="StoreUnavailableException">See <see cref="ILedger.SubmitAsync(Command, CancellationToken)"/>.</exception>
    /// <exception cref="InvalidOperationException">There is no secret here; see <see cref="CanIssue"/>.</exception>
    public async Task<(EnvelopeKey? Key, bool IsNew, Outcome.Refused? Refused)> RotateAsync(string? id, Func<Command, Task<Outcome>> submit)
    {
        var master = secret.Value ?? throw new InvalidOperationException("Without a secret no key can be made.");
        if (id is not null && Find(id) is { } standing) return (standing, false, null);
        var before = All().Where(key => key.State is EnvelopeKeyState.Active).ToList();
        var now = time.GetUtcNow();
        var name = id ?? "ek_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var made = new EnvelopeKey(name, EnvelopeKey.Hs256, EnvelopeKeyState.Active, master.Check(name), now);

        // In one commit: there is always exactly one that issues.
        var outcome = await submit(new Command.Together("", [Set(made), .. before.Select(key => Set(key.To(EnvelopeKeyState.VerifyOnly, now)!))]));
        return outcome is Outcome.Refused refused ? (null, false, refused) : (made, true, null);
    }

    public Task StartAsync(CancellationToken cancellationToken) => EnsureIssuingAsync(cancellationToken);

    /// <summary>Makes a key under the secret in force, unless the one that issues is.</summary>
    public async Task EnsureIssuingAsync(CancellationToken cancellationToken)
    {
        if (secret.Value is not { } master || (Ring.Active is { } active && master.Check(active.Key.Id) == active.Key.Check)) return;
        try
        {
            await RotateAsync(id: null, command => ledger.SubmitAsync(command, cancellationToken).AsTask());
        }
        catch (StoreUnavailableException unavailable)
        {
            LogNoKey(unavailable.Message);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private Revocations Revoked()
    {
        HashSet<(string, string)> keys = [], issuances = [];
        foreach (var row in ledger.Read.Settings)
        {
            if (row.Kind == SettingKind.RevokedIssuance)
            {
                issuances.Add((row.Org, row.Name));
            }

            // Of the many keys, only the blocked ones are worth reading.
            else if (row.Kind == SettingKind.Key && row.Body.Contains("\"blocked\":true", StringComparison.Ordinal)
                && ApiKey.Parse(row.Body) is { Blocked: true } key)
            {
                keys.Add((key.Org, key.Id));
            }
        }

        return new(keys, issuances);
    }

    public static Command.Record Set(EnvelopeKey key) => new(SettingKind.EnvelopeKey, "", key.Id, key.ToJson(), Once: false);

    private KeyRing Rebuild()
    {
        lock (_rebuilding)
        {
            // The version first: settings read after it are at least as new.
            var version = ledger.Read.SettingsVersion;
            var master = secret.Value;
            if (_last is { } last && last.Version == version && ReferenceEquals(last.Secret, master)) return last.Ring;
            var keys = All();

            // Deriving costs; most settings are not envelope keys.
            var revocations = Revoked();
            var ring = _last is { } before && ReferenceEquals(before.Secret, master) && before.Keys.SequenceEqual(keys)
                ? before.Ring.With(revocations) : new KeyRing(keys, master, revocations);
            Volatile.Write(ref _last, new(version, keys, master, ring));
            return ring;
        }
    }

    [LoggerMessage(EventId = LogEvents.NoEnvelopeKey, Level = LogLevel.Warning,
        Message = "No envelope key could be made, so no envelopes are issued yet: {Reason}")]
    private partial void LogNoKey(string reason);

    private sealed record Snapshot(long Version, IReadOnlyList<EnvelopeKey> Keys, EnvelopeSecret? Secret, KeyRing Ring);
}

/// <summary>The envelope secret in force. Another takes its place while the server runs.</summary>
internal sealed class EnvelopeSecretOf(EnvelopeSecret? value)
{
    private EnvelopeSecret? _value = value;

    /// <summary>Null: there is none.</summary>
    public EnvelopeSecret? Value => Volatile.Read(ref _value);

    public void Replace(EnvelopeSecret next) => Volatile.Write(ref _value, next);
}
