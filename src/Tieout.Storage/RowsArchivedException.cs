using Tieout.Core.Ledger;

namespace Tieout.Storage;

/// <summary>Rows that a reading needs left the ledger for an archive, so that what it found would be less than there is.</summary>
public sealed class RowsArchivedException(Detachment detached, string remedy) : Exception($"{detached.Sentence} {remedy}")
{
    public Detachment Detached => detached;

    /// <summary>A range of time begins in detached months.</summary>
    internal static RowsArchivedException OfRange(Detachment detached) =>
        new(detached, $"Ask for a range that begins after {detached.RecordedAt}, or look into the archive.");

    /// <summary>A single row is asked for.</summary>
    internal static RowsArchivedException OfRow(Detachment detached) => new(detached, "Look for the row there.");

    /// <summary>Sums of detached months were lost.</summary>
    internal static RowsArchivedException OfSums(Detachment detached) =>
        new(detached, "The sums of these rows are missing: run tieout rebuild derived with --archive.");
}
