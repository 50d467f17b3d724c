using System.Text;

namespace Tieout.Bench.Gateway;

/// <summary>The requests of the measurement, as the bytes that go out.</summary>
internal sealed class BenchRequests(string key)
{
    private const string Question =
        """{"role":"user","content":"Three teams share one account. Each has a budget for the day and one for the month. Which of them is told first, and by how much, if all of them spend a third of what is left?"}""";

    /// <summary>Of text; with the events before and after it, a stream has 20.</summary>
    private const int Tokens = 16;

    public byte[] Whole { get; } = Chat(key, stream: false, pace: null);

    public byte[] Stream { get; } = Chat(key, stream: true, pace: null);

    /// <summary>A stream whose provider pauses between its events.</summary>
    public static byte[] Paced(string key, int paceMs) => Chat(key, stream: true, paceMs);

    private static byte[] Chat(string key, bool stream, int? pace)
    {
        var streamed = stream ? ",\"stream\":true,\"stream_options\":{\"include_usage\":true}" : "";
        var body = $$"""{"model":"{{BenchPart.Model}}","max_tokens":{{Tokens}}{{streamed}},"messages":[{"role":"system","content":"You are a careful accountant. Show the sum."},{{Question}}]}""";
        var fault = pace is null ? "" : $"X-Sim-Fault: pace:{pace}\r\n";
        return Encoding.ASCII.GetBytes(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nX-Sim-Completion-Tokens: {Tokens}\r\n{fault}Content-Length: {body.Length}\r\n\r\n{body}");
    }
}
