using System.Text;
using Microsoft.AspNetCore.Http;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway;
using Tieout.Server.Gateway.Batches;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.References;
using Tieout.Server.Http;
using Tieout.Server.Ingest;
using Tieout.Server.Reconciliation;

namespace Tieout.Server.Tests.Gateway;

/// <summary>The work of every scanner of foreign bytes grows with their number, not with its square: as many bytes in one input take about as long as in 64
/// small ones.</summary>
public sealed class LinearScannerTests
{
    /// <summary>A scanner that costs the square takes 64 times as long, one that does not takes as long. Caches and a busy machine lie far from both.</summary>
    private const double RatioMax = 10;

    private const int Inputs = 64;

    /// <summary>Bytes of the large input. Each small one has <see cref="Inputs"/> times fewer.</summary>
    private const int Large = 512 * 1024;

    private const int PieceBytes = 128;

    private static readonly Dictionary<string, Func<byte[], Task>> Scanners = new()
    {
        ["array stream"] = bytes => RelayAsync(bytes, isArray: true),
        ["event stream"] = bytes => RelayAsync(bytes, isArray: false),
        ["lines"] = LinesAsync,
        ["rows of JSON lines"] = RowsAsync,
        ["chat request"] = bytes => Done(() => new OpenAiChat().Read(null!, bytes, out _)),
        ["responses request"] = bytes => Done(() => new OpenAiResponses().Read(null!, bytes, out _)),
        ["messages request"] = bytes => Done(() => new AnthropicMessages(counts: false).Read(null!, bytes, out _)),
        ["batch line"] = bytes => Done(() => BatchLine.Read(bytes, "body"u8, hasUrl: true, out _)),
        ["form"] = bytes => RequestForm.ReadAsync("multipart/form-data; boundary=b", bytes, CancellationToken.None).AsTask(),
        ["names of what is kept"] = bytes => Done(() => ReferenceReader.Read(bytes, ReferenceRules.Of(ProviderDialect.OpenAi), out _)),
        ["chat answer"] = bytes => Done(() => ChatAnswer.TryRead(bytes, out _)),
        ["members of an answer"] = bytes => Done(
            () => { JsonMember.Value(bytes, "usage"u8); JsonMember.WrittenBytes(bytes); JsonMember.Overlay(bytes, "{}"u8); }),
        ["plain records"] = bytes => Done(() => PlainUsage.Read(bytes)),
        ["events"] = bytes => Done(() => CloudEvents.Read(bytes, org: null, out _)),
        ["traces"] = bytes => Done(() => OtlpTraces.Read(bytes)),
    };

    private static readonly Dictionary<string, Func<int, string>> Shapes = new()
    {
        ["tiny elements"] = size => "[" + Repeated("{},", size) + "{}]",
        ["one string of escapes"] = size => "{\"model\":\"" + Repeated("\\u0041\\\"", size) + "\"}",
        ["one long line"] = size => "data: {\"text\":\"" + new string('x', size) + "\"}\n",
        ["one large element"] = size => "[{\"text\":[" + Repeated("\"{\\\\\",", size) + "1]}]",
        ["deep nesting"] = size => new string('[', size),
        ["many members"] = size => "{" + string.Join(',', Enumerable.Range(0, size / 12).Select(i => $"\"m{i}\":{{}}")) + "}",
        ["the same member"] = size => "{" + Repeated("\"usage\":{},", size) + "\"choices\":[]}",
        ["spans"] = size => "{\"resourceSpans\":[" + Repeated("{\"scopeSpans\":[{\"spans\":[]}],\"resource\":{}},", size) + "{}]}",
        ["parts of a form"] = size => Repeated("--b\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n", size) + "--b--",
        ["almost boundaries"] = size => "--b" + Repeated("\r\n-", size),
        ["only quotes"] = size => new string('"', size),
        ["only line ends"] = size => new string('\n', size),
        ["no line end"] = size => new string(' ', size),
    };

    public static TheoryData<string> Names => [.. Scanners.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void One_large_input_takes_about_as_long_as_many_small_ones(string name)
    {
        var scan = Scanners[name];
        foreach (var (shape, make) in Shapes)
        {
            var (small, large) = (Encoding.UTF8.GetBytes(make(Large / Inputs)), Encoding.UTF8.GetBytes(make(Large)));
            Assert.True(IsLinear(scan, small, large), $"'{name}' takes more than {RatioMax} times as long for '{shape}' in one input as in {Inputs}.");
        }
    }

    /// <summary>Tries again before it believes that a scanner is slow: caches and the collector are shared.</summary>
    private static bool IsLinear(Func<byte[], Task> scan, byte[] small, byte[] large)
    {
        var (many, one) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (var attempt = 0; attempt < 6; attempt++)
        {
            many = Min(many, ThreadTime.Of(() => { for (var i = 0; i < Inputs; i++) Complete(scan(small)); }));
            one = Min(one, ThreadTime.Of(() => Complete(scan(large))));
            if (one <= (many * RatioMax) + TimeSpan.FromMilliseconds(5)) return true;
        }

        return false;
    }

    /// <summary>Nothing here waits, so everything is done on this thread.</summary>
    private static void Complete(Task scan) => Assert.True(scan.IsCompletedSuccessfully, scan.Exception?.ToString());

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static string Repeated(string text, int size) => new StringBuilder(size + text.Length).Insert(0, text, (size / text.Length) + 1).ToString();

    private static Task Done(Action scan)
    {
        try
        {
            scan();
        }
        catch (ApiRefusedException)
        {
            // Refused is as good as read: only the time counts.
        }

        return Task.CompletedTask;
    }

    private static async Task RelayAsync(byte[] bytes, bool isArray)
    {
        var context = new DefaultHttpContext { Response = { Body = Stream.Null } };
        using var deadline = new AttemptDeadline(
            new(TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5)), TimeSpan.FromMinutes(1), TimeProvider.System);
        await new AnswerStream(context, new EveryEvent(), deadline, new GatewayOptions(), isArray).RelayAsync(new PieceStream(bytes, PieceBytes));
    }

    private static async Task LinesAsync(byte[] bytes)
    {
        await foreach (var _ in LineReader.ReadAsync(new PieceStream(bytes, PieceBytes), long.MaxValue, CancellationToken.None))
        {
        }
    }

    private static async Task RowsAsync(byte[] bytes)
    {
        try
        {
            await JsonLinesRows.ReadAsync(new PieceStream(bytes, PieceBytes), [("model", false)], (_, _) => { }, CancellationToken.None);
        }
        catch (ApiRefusedException)
        {
            // Only the time counts.
        }
    }

    private sealed class EveryEvent : AnswerReader
    {
        public override void Whole(ReadOnlySpan<byte> body) => throw new NotSupportedException();

        public override Passage Event(ReadOnlySpan<byte> payload) => default;
    }
}

/// <summary>A stream that gives few bytes at a time, as a slow connection does.</summary>
internal sealed class PieceStream(byte[] bytes, int pieceBytes) : MemoryStream(bytes)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        base.ReadAsync(buffer[..Math.Min(buffer.Length, pieceBytes)], cancellationToken);
}
