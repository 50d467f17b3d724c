using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Sketches;
using Tieout.Storage.Follower;
using Tieout.Storage.Sqlite.Reading;

namespace Tieout.Storage.Sqlite.Follower;

/// <summary>Sketches from the derived file and the ledger's rows after them; without a derived file that can be read, from the ledger's rows alone.</summary>
internal sealed class SqliteSketchReader(ReadConnections ledger, DerivedStore derived) : ISketchReader
{
    public Task<IReadOnlyList<LabelledSketch>> SketchesAsync(RecountQuery query, CancellationToken cancellationToken) =>
        Task.FromResult(derived.Read<IReadOnlyList<LabelledSketch>>(
            ledger, (followed, connection) => [.. new SketchReading(followed, no => ledger.Labels(connection, no).Org).Sketches(query).Select(
                sketch => new LabelledSketch(sketch.Key.Start, ledger.Labels(connection, sketch.Key.Labels), sketch))], cancellationToken));
}
