using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Sketches;

namespace Tieout.Storage;

/// <summary>Distributions of tokens and distinct end users over ranges of time, as of the newest commit: what the follower counted, and the rows after it. They
/// cost the same however many rows there are.</summary>
public interface ISketchReader
{
    /// <summary>An org's sketches of a range by labels, and by hour where asked.</summary>
    /// <param name="query">By hour, or one for the range.</param>
    Task<IReadOnlyList<LabelledSketch>> SketchesAsync(RecountQuery query, CancellationToken cancellationToken);
}
