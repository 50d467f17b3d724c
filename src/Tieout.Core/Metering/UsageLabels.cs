using System.Diagnostics.CodeAnalysis;

namespace Tieout.Core.Metering;

/// <summary>The low-cardinality labels of a usage record: whom and what it counts for. Stored once and referred to by number.</summary>
/// <remarks>Its hash is computed once: labels are looked up for every charge. Callers keep and reuse instances.</remarks>
public sealed record UsageLabels
{
    /// <summary>Stands for every part that an org has more of than it may have. No budget can name it.</summary>
    public const string Other = "other";

    /// <summary>How reports name spend that lacks the label they group by. No label can be called so: a name begins with a letter or a digit.</summary>
    public const string Unattributed = "(unattributed)";

    private int _hash;

    public UsageLabels()
    {
    }

    // What "with" copies: every label, and not the hash of the labels before the change.
    [SetsRequiredMembers]
    private UsageLabels(UsageLabels original)
    {
        (Org, Project, Team, Key, Feature) = (original.Org, original.Project, original.Team, original.Key, original.Feature);
        (Provider, Model, Source, Trigger, Runtime) = (original.Provider, original.Model, original.Source, original.Trigger, original.Runtime);
    }

    public required string Org { get; init; }
    public string? Project { get; init; }
    public string? Team { get; init; }

    /// <summary>The key's id, never its secret. Null where usage came in without one: it is charged all the same.</summary>
    public string? Key { get; init; }
    public string? Feature { get; init; }

    /// <summary>The provider that answered, by the name in the configuration.</summary>
    public string? Provider { get; init; }

    /// <summary>The model that answered, as the provider named it, not the alias that was asked for.</summary>
    public string? Model { get; init; }
    public required UsageSource Source { get; init; }

    /// <summary>Why the attempt was made: <c>user</c>, <c>retry</c>, <c>undo</c>, <c>auto_save</c> ... Free text in the form of <c>Names</c>.</summary>
    public string? Trigger { get; init; }

    /// <summary>Null: the usage is not of a runtime, as nearly all.</summary>
    public RuntimeLabels? Runtime { get; init; }

    /// <summary>Whether <paramref name="fits"/> is true of every text.</summary>
    public bool TextsFit(Func<string?, bool> fits) =>
        fits(Org) && fits(Project) && fits(Team) && fits(Key) && fits(Feature) && fits(Provider) && fits(Model) && fits(Trigger)
        && (Runtime is not { } runtime
            || (fits(runtime.AppInstance) && fits(runtime.Component) && fits(runtime.OperatingMode) && fits(runtime.ControlPlaneScope)
                && fits(runtime.Backend)));

    public bool Equals(UsageLabels? other) =>
        ReferenceEquals(this, other)
        || (other is not null && Source == other.Source && SameScope(other)
            && string.Equals(Provider, other.Provider, StringComparison.Ordinal)
            && string.Equals(Model, other.Model, StringComparison.Ordinal)
            && string.Equals(Trigger, other.Trigger, StringComparison.Ordinal)
            && Equals(Runtime, other.Runtime));

    /// <summary>Whether both are charged to the same org, project, team, key and feature.</summary>
    public bool SameScope(UsageLabels other) =>
        string.Equals(Org, other.Org, StringComparison.Ordinal)
        && string.Equals(Project, other.Project, StringComparison.Ordinal)
        && string.Equals(Team, other.Team, StringComparison.Ordinal)
        && string.Equals(Key, other.Key, StringComparison.Ordinal)
        && string.Equals(Feature, other.Feature, StringComparison.Ordinal);

    /// <summary>Whether usage asked for with these labels may be recorded under this scope: each part is the same, or <see cref="Other"/> here.</summary>
    public bool CoversScope(UsageLabels asked) =>
        string.Equals(Org, asked.Org, StringComparison.Ordinal)
        && Covers(Project, asked.Project) && Covers(Team, asked.Team) && Covers(Key, asked.Key) && Covers(Feature, asked.Feature);

    /// <summary>As <see cref="CoversScope"/>, for every part.</summary>
    public bool Covers(UsageLabels asked) =>
        CoversScope(asked) && Source == asked.Source
        && Covers(Provider, asked.Provider) && Covers(Model, asked.Model) && Covers(Trigger, asked.Trigger)
        && (Equals(Runtime, asked.Runtime) || (Runtime is { } own && asked.Runtime is { } other && own.IsControlPlane == other.IsControlPlane
            && Covers(own.AppInstance, other.AppInstance) && Covers(own.Component, other.Component) && Covers(own.OperatingMode, other.OperatingMode)
            && Covers(own.ControlPlaneScope, other.ControlPlaneScope) && Covers(own.Backend, other.Backend)));

    /// <summary>Whether a stored name stands for the one that was asked for.</summary>
    public static bool Covers(string? stored, string? asked) =>
        string.Equals(stored, asked, StringComparison.Ordinal) || (asked is not null && string.Equals(stored, Other, StringComparison.Ordinal));

    /// <summary>The same, had another model of the provider answered.</summary>
    public UsageLabels OfModel(string model) => string.Equals(Model, model, StringComparison.Ordinal) ? this : this with { Model = model };

    /// <summary>The same, had another key been used, or none.</summary>
    public UsageLabels OfKey(string? key) => string.Equals(Key, key, StringComparison.Ordinal) ? this : this with { Key = key };

    public override int GetHashCode()
    {
        if (_hash != 0) return _hash;
        var hash = new HashCode();
        foreach (var label in (ReadOnlySpan<string?>)[Org, Project, Team, Key, Feature, Provider, Model, Trigger]) hash.Add(label, StringComparer.Ordinal);
        hash.Add(Source);
        if (Runtime is not null) hash.Add(Runtime);
        return _hash = hash.ToHashCode() | 1;
    }
}

/// <summary>Where a usage record was measured. The stored names are the runbooks': <c>gateway</c>, <c>allocation</c>, <c>app_runtime</c>, <c>tool_call</c>,
/// <c>import</c>.</summary>
public enum UsageSource
{
    Gateway,
    Allocation,
    AppRuntime,
    ToolCall,
    Import,

    /// <summary>A tenant's part of a cost that several share. Nobody used it: it is of the org, and of nothing below it.</summary>
    SharedCost,
}
