using Tieout.Storage;

namespace Tieout.Server.Tenancy;

/// <summary>What is made of the ledger's settings, made anew when they change.</summary>
/// <typeparam name="TSnapshot">Immutable.</typeparam>
internal abstract class CurrentSettings<TSnapshot>(IOrgs orgs)
    where TSnapshot : class
{
    private readonly Lock _rebuilding = new();
    private TSnapshot? _last;

    /// <summary>Of the newest settings. Costs a comparison of two numbers while nothing has changed.</summary>
    public TSnapshot Get()
    {
        var last = Volatile.Read(ref _last);
        return last is not null && VersionOf(last) == orgs.SettingsVersion ? last : Rebuild();
    }

    /// <summary>Reads the version before the settings: then these are at least as new, and a change in between only means one snapshot more.</summary>
    /// <param name="before">The snapshot before it; null: this is the first.</param>
    protected abstract TSnapshot Read(IOrgs orgs, TSnapshot? before);

    protected abstract long VersionOf(TSnapshot snapshot);

    private TSnapshot Rebuild()
    {
        lock (_rebuilding)
        {
            if (_last is { } last && VersionOf(last) == orgs.SettingsVersion) return last;
            var next = Read(orgs, _last);
            Volatile.Write(ref _last, next);
            return next;
        }
    }
}
