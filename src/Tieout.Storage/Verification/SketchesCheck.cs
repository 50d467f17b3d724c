using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Sketches;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Follower;

namespace Tieout.Storage.Verification;

/// <summary>Compares the stored sketches with those that the rows come to, byte by byte: the same rows always have the same bytes.</summary>
internal sealed class SketchesCheck
{
    private readonly SketchStep _expected = new();

    /// <param name="endUser">Of <see cref="Tieout.Core.Ledger.RowIndex.IdEntry.WideHashOf"/>; null: the row names none.</param>
    public void Add(in CountedUsage usage, ulong? endUser, OrgState org) => _expected.Add(usage, endUser, org);

    /// <param name="derived">Has the sketches of all rows that were added, and of no other.</param>
    /// <returns>What differs, in words; null: nothing does. One for each sketch.</returns>
    /// <exception cref="StoreCorruptException">A sketch cannot be read.</exception>
    public IEnumerable<(SketchKey Key, string? Flaw)> Compare(ILedgerTables derived)
    {
        var expected = _expected.Sketches.ToDictionary(sketch => sketch.Key);
        using var rows = derived.Select($"SELECT {SketchReads.Columns} FROM {UsageSketchTable.Name}");
        while (rows.Step())
        {
            var stored = SketchReads.Sketch(rows);
            yield return (stored.Key, expected.Remove(stored.Key, out var sketch) ? Difference(stored, sketch) : "has no row that counts there");
        }

        foreach (var key in expected.Keys) yield return (key, "is missing");
    }

    private static string? Difference(UsageSketch stored, UsageSketch expected) =>
        stored.Attempts != expected.Attempts ? $"has attempts {stored.Attempts}, its rows come to {expected.Attempts}"
        : !Same(stored.InputTokens.Bytes(), expected.InputTokens.Bytes()) ? "has other input_tokens than its rows come to"
        : !Same(stored.OutputTokens.Bytes(), expected.OutputTokens.Bytes()) ? "has other output_tokens than its rows come to"
        : !Same(stored.EndUsers.Bytes(), expected.EndUsers.Bytes()) ? "has other end_users than its rows come to"
        : null;

    private static bool Same(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => left.SequenceEqual(right);
}
