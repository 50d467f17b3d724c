using System.Diagnostics.CodeAnalysis;

namespace Tieout.Core.Ledger;

/// <summary>A table that takes memory only from its first row on: most batches of a lone request need few of the tables that they could need.</summary>
/// <remarks>A mutable value: keep it in a field that is not read-only.</remarks>
internal struct LateTable<TKey, TValue>
    where TKey : notnull
{
    private Dictionary<TKey, TValue>? _rows;

    public readonly bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (_rows is not null) return _rows.TryGetValue(key, out value);
        value = default;
        return false;
    }

    public readonly bool ContainsKey(TKey key) => _rows?.ContainsKey(key) ?? false;

    public void Set(TKey key, TValue value) => (_rows ??= [])[key] = value;
}

/// <summary>A number for each org of a batch. The first org takes no memory.</summary>
/// <inheritdoc cref="LateTable{TKey, TValue}"/>
internal struct OrgNumbers
{
    private string? _first;
    private int _ofFirst;
    private LateTable<string, int> _others;

    public readonly int Of(string org) => org == _first ? _ofFirst : _others.TryGetValue(org, out var number) ? number : 0;

    public void Add(string org, int change)
    {
        _first ??= org;
        if (org == _first) _ofFirst += change;
        else _others.Set(org, Of(org) + change);
    }
}
