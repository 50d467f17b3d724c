using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Tieout.Server.Telemetry;

/// <summary>What ties everything about one request together: in logs, records and answers.</summary>
/// <param name="CorrelationId">The caller's, if it sent one; else made here.</param>
/// <param name="TraceId">32 hexadecimal digits of the W3C trace context; null: none came.</param>
public sealed record Correlation(string CorrelationId, string? TraceId)
{
    public const string Header = "X-Correlation-Id";

    private const int LengthMax = 128;

    private static readonly object Key = new();
    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    /// <summary>That of a request which has passed the outermost step of every request.</summary>
    public static Correlation Of(HttpContext context) => (Correlation)context.Items[Key]!;

    /// <summary>Reads it from the request and keeps it there. An id that could not stand in a log or a header is replaced, not refused: it must never cost a
    /// request.</summary>
    internal static Correlation Begin(HttpContext context)
    {
        var headers = context.Request.Headers;
        var id = headers.TryGetValue(Header, out var given) && given.Count == 1 && IsPlain(given[0]!) ? given[0]! : Guid.CreateVersion7().ToString();
        var correlation = new Correlation(id, headers.TryGetValue("traceparent", out var parent) ? TraceIdOf(parent[0]) : null);
        context.Items[Key] = correlation;
        context.Response.Headers[Header] = id;
        return correlation;
    }

    private static bool IsPlain(string id)
    {
        if (id.Length is 0 or > LengthMax) return false;
        foreach (var c in id)
        {
            if (c is <= ' ' or >= '\x7f' or '"' or '\\' or ',') return false;
        }

        return true;
    }

    /// <summary><c>00-&lt;32 hex&gt;-&lt;16 hex&gt;-&lt;2 hex&gt;</c>; a later version may go on after that.</summary>
    internal static string? TraceIdOf(string? traceparent)
    {
        if (traceparent is null || traceparent.Length < 55 || traceparent[2] != '-' || traceparent[35] != '-') return null;
        var id = traceparent.AsSpan(3, 32);
        return id.ContainsAnyExcept(LowerHex) || !id.ContainsAnyExcept('0') ? null : id.ToString();
    }
}
