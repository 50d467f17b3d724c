using System.Collections.Immutable;
using Tieout.Core.Money;

namespace Tieout.Server.Configuration;

/// <summary>When moving money by hand needs a second person: <c>approvals:</c> in tieout.yaml. Default: never, since a new platform has one person.</summary>
public sealed record ApprovalOptions
{
    /// <summary>The name that stands for all assets that are not named.</summary>
    public const string AnyAsset = "*";

    public static readonly TimeSpan ValidForDefault = TimeSpan.FromDays(3);

    /// <summary>By asset: an action that moves more than this, in major units, is proposed and not carried out. 0: every action.</summary>
    public ImmutableDictionary<string, Amount> Limits { get; init; } = ImmutableDictionary<string, Amount>.Empty;

    /// <summary>How long a proposal may be approved. From one minute to 90 days.</summary>
    public TimeSpan ValidFor { get; init; } = ValidForDefault;

    /// <summary>The limit of an asset; null: no action in it needs a second person.</summary>
    public Amount? Above(string asset) => Limits.TryGetValue(asset, out var limit) || Limits.TryGetValue(AnyAsset, out limit) ? limit : null;
}
