using System.Collections;

namespace Tieout.Server.Telemetry;

/// <summary>The ids that every log line of a request bears. The org joins once it is known.</summary>
internal sealed class LogIds(Correlation correlation) : IReadOnlyList<KeyValuePair<string, object?>>
{
    public string? Org { get; set; }

    /// <summary>The public id of the key or token; null: the caller is not known. Not part of a log line.</summary>
    public string? Token { get; set; }

    public int Count => 3;

    public KeyValuePair<string, object?> this[int index] => index switch
    {
        0 => new("correlation_id", correlation.CorrelationId),
        1 => new("trace_id", correlation.TraceId),
        2 => new("org_id", Org),
        _ => throw new ArgumentOutOfRangeException(nameof(index)),
    };

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        for (var i = 0; i < Count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
