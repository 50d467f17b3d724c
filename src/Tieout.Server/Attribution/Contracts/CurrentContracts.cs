using System.Collections.Immutable;
using Tieout.Core.Attribution.Contracts;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Attribution.Contracts;

/// <param name="All">Each in the version that was set last, those that ended included.</param>
internal sealed record ContractSnapshot(long Version, ImmutableArray<StandingContract> All)
{
    public ImmutableArray<JoinContract> InForce { get; } = [.. All.Where(standing => !standing.Ended).Select(standing => standing.Contract)];

    /// <summary>Those that put usage aside.</summary>
    public ImmutableArray<JoinContract> Quarantining { get; } =
        [.. All.Where(standing => standing is { Ended: false, Contract.OnViolation: OnViolation.Quarantine }).Select(standing => standing.Contract)];
}

/// <summary>The join contracts as of the newest settings.</summary>
internal sealed class CurrentContracts(IOrgs orgs) : CurrentSettings<ContractSnapshot>(orgs)
{
    /// <summary>The first contract that puts the usage aside, and what the usage lacks of it; null: the usage is charged.</summary>
    public (JoinContract Contract, IReadOnlyList<ContractBreach> Breaches)? Quarantining(UsageRecord usage)
    {
        foreach (var contract in Get().Quarantining)
        {
            if (ContractBreach.Of(contract, usage) is { Count: > 0 } breaches) return (contract, breaches);
        }

        return null;
    }

    protected override ContractSnapshot Read(IOrgs orgs, ContractSnapshot? before)
    {
        var version = orgs.SettingsVersion;
        return new(version, [.. orgs.Settings.Where(row => row.Kind == SettingKind.JoinContract).Select(row => StandingContract.Parse(row.Body))
            .OrderBy(standing => standing.Contract.Name, StringComparer.Ordinal)]);
    }

    protected override long VersionOf(ContractSnapshot snapshot) => snapshot.Version;
}
