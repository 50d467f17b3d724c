using System.Globalization;
using Tieout.Core.Ledger;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Writing;

/// <summary>Rows that cannot be read: they are left out, so that the rest is there to be looked at, and nothing may be decided on the book.</summary>
internal sealed partial class BucketBook
{
    private string? _damage;
    private int _damaged;

    /// <summary>Why the book must not be decided on, with the row; null: all of it is here.</summary>
    public string? Damage =>
        _damage is null ? null
            : $"{_damage}{(_damaged > 1 ? $" {_damaged - 1} more rows cannot be loaded." : "")} Run tieout verify, and restore a backup or repair the row.";

    private (bool IsRead, T Value) TryRead<T>(string table, IRow row, Func<IRow, T> read)
    {
        try
        {
            return (true, read(row));
        }
        catch (Exception broken) when (!PostgresFailure.IsWorld(broken))
        {
            Damaged(table, NameOf(row), broken);
            return default;
        }
    }

    /// <summary>The head repeats what the chain says of the last commit. Only the chain is under the hash.</summary>
    /// <param name="stored">The chain's row of that commit, if it is there and can be read.</param>
    private void CheckHead(ChainRow head, List<ChainRow> stored)
    {
        if (head.Last == default && stored.Count == 0) return;
        if (stored is [var chain] && chain.Last == head.Last && chain.RecordedAt == head.RecordedAt && chain.Hash.AsSpan().SequenceEqual(head.Hash)) return;
        Damaged($"Row {bucket} of table heads is not what row {head.Commit} of table chain says.");
    }

    private void TakeIn<T>(string table, long key, T row, Action<T> recall)
    {
        try
        {
            recall(row);
        }
        catch (Exception broken)
        {
            Damaged(table, key.ToString(CultureInfo.InvariantCulture), broken);
        }
    }

    private void Damaged(string table, string row, Exception broken) =>
        Damaged($"Row {row} of table {table} in bucket {bucket} cannot be loaded: {broken.Message}");

    private void Damaged(string what)
    {
        _damage ??= what;
        _damaged++;
    }

    /// <summary>Every table's first column is its number or its id.</summary>
    private static string NameOf(IRow row)
    {
        try
        {
            return row.Int64(0).ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception other) when (other is InvalidCastException or StoreCorruptException)
        {
            return "with an id";
        }
    }
}
