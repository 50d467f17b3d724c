using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Ledger.Tools;

namespace Tieout.Storage;

/// <summary>Sums of tool calls over ranges of time, as of the newest commit: what the follower counted, and the records after it. They cost the same however
/// many calls there are.</summary>
public interface IToolCallsReader
{
    /// <summary>An org's tool calls of a range by feature and tool, and by hour where asked.</summary>
    /// <param name="query">By hour, or one sum for the range.</param>
    Task<IReadOnlyList<ToolHour>> ToolHoursAsync(RecountQuery query, CancellationToken cancellationToken);
}
