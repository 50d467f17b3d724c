namespace Tieout.Core.Ledger;

/// <summary>A list that takes memory only from its first row on.</summary>
/// <inheritdoc cref="LateTable{TKey, TValue}"/>
internal struct LateList<T>
{
    private static readonly List<T> None = [];

    private List<T>? _rows;

    /// <summary>Not to be added to.</summary>
    public readonly List<T> Rows => _rows ?? None;

    public readonly int Count => _rows?.Count ?? 0;

    public void Add(T row) => (_rows ??= []).Add(row);
}
