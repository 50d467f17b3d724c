using System.Collections.Concurrent;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;

namespace Tieout.Server.Tenancy;

/// <summary>A key with all that a request by it needs to know.</summary>
internal sealed class Spender(ApiKey key, byte[] secretSha256)
{
    /// <summary>Features and triggers come from clients: past this many combinations, the remembered ones are let go.</summary>
    private const int RememberedMax = 256;

    private readonly ConcurrentDictionary<LabelKey, UsageLabels> _labels = new();

    public ApiKey Key => key;

    public byte[] SecretSha256 => secretSha256;

    /// <summary>Where the key may be used from; null: everywhere.</summary>
    public AddressList? Addresses { get; } = key.Terms?.Addresses is { } entries ? AddressList.Of(entries) : null;

    /// <summary>The last minute that <see cref="KeyUseRecorder"/> noted: whole minutes since the year 1. Written by any thread; a lost write costs one more
    /// note.</summary>
    public long UsedMinute { get; set; }

    public Caller Caller => field ??= new(key.Org, Role: null, key.Id, this);

    /// <summary>The labels of an attempt; the same instance for the same question, so that the ledger finds them by reference.</summary>
    /// <param name="project">Counts only where the key has no project of its own.</param>
    public UsageLabels Labels(string provider, string model, string? project, string? feature, string? trigger)
    {
        var wanted = new LabelKey(provider, model, key.Project ?? project, feature, trigger);
        if (_labels.TryGetValue(wanted, out var known)) return known;
        if (_labels.Count >= RememberedMax) _labels.Clear();
        return _labels.GetOrAdd(wanted, static (wanted, key) => new()
        {
            Org = key.Org,
            Project = wanted.Project,
            Team = key.Team,
            Key = key.Id,
            Feature = wanted.Feature,
            Provider = wanted.Provider,
            Model = wanted.Model,
            Source = UsageSource.Gateway,
            Trigger = wanted.Trigger,
        }, key);
    }

    private readonly record struct LabelKey(string Provider, string Model, string? Project, string? Feature, string? Trigger);
}
