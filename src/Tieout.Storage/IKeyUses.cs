using Tieout.Core;

namespace Tieout.Storage;

/// <summary>When each key was last used. No money, no part of the chain, no setting: storing it changes no figure and no key.</summary>
/// <remarks>One row for each key. Everything throws <see cref="StoreUnavailableException"/> when the store fails.</remarks>
public interface IKeyUses
{
    /// <summary>Stores uses. An earlier time never replaces a later one, whichever node stores first.</summary>
    Task StoreAsync(IReadOnlyList<KeyUse> uses, CancellationToken cancellationToken);

    /// <summary>The last use of every key of an org that was used.</summary>
    Task<IReadOnlyDictionary<string, Instant>> OfAsync(string org, CancellationToken cancellationToken);
}

/// <param name="Org">The org that the key belongs to, whomever it was used for.</param>
/// <param name="Key">The id of the key.</param>
public readonly record struct KeyUse(string Org, string Key, Instant At);
