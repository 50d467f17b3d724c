using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Tieout.Simulator.Provider;

/// <summary>What a dialect reads: an HTTP request with its whole body, or one line of a batch.</summary>
/// <param name="Path">With whatever base path the caller chose.</param>
/// <param name="Body">Valid until the answer is decided; kept by nobody.</param>
internal sealed record SimulatedInput(
    string Path, IQueryCollection Query, string ContentType, IHeaderDictionary Headers, ReadOnlySequence<byte> Body)
{
    public static SimulatedInput Of(HttpRequest http, in ReadOnlySequence<byte> body) =>
        new(http.Path.Value!, http.Query, http.ContentType ?? "", http.Headers, body);

    /// <summary>A request inside another one, as the lines of a batch are.</summary>
    public SimulatedInput Line(string path, IHeaderDictionary headers, byte[] body) =>
        this with { Path = path, Query = QueryCollection.Empty, ContentType = "application/json", Headers = headers, Body = new(body) };
}
