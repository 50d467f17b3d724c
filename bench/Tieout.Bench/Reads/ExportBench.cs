using System.Diagnostics;
using Tieout.Core;
using Tieout.Server.Invoicing;
using Tieout.Server.Metering;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Bench.Reads;

/// <summary>Measures exports of all usage of one org, as the platform sees it.</summary>
internal static class ExportBench
{
    public static async Task<IReadOnlyList<ExportFigure>> RunAsync(ILedger ledger, CancellationToken cancellationToken)
    {
        (string, Func<Stream, UsageRequest, ILedgerReader, Viewer, CancellationToken, Task>)[] formats =
            [("csv", UsageCsv.WriteAsync), ("jsonl", UsageJsonLines.WriteAsync), ("focus", FocusAsync)];
        List<ExportFigure> figures = [];
        foreach (var (format, write) in formats)
        {
            var org = ledger.Read.Orgs.First();
            var request = new UsageRequest(
                org, new(org.Org.Id, Instant.UnixEpoch, Instant.EndOfTime), OldestFirst: true, After: null, Limit: 1, format);
            await write(Stream.Null, request with { Filter = request.Filter with { From = Instant.From(DateTimeOffset.UtcNow.AddDays(-1)) } }, ledger.Read,
                Viewer.Platform, cancellationToken);
            GC.Collect();
            var (lines, began, spent) = (new LineCount(), Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            await write(lines, request, ledger.Read, Viewer.Platform, cancellationToken);
            var seconds = (decimal)Stopwatch.GetElapsedTime(began).TotalSeconds;
            var cpu = (decimal)(Environment.CpuUsage.TotalTime - spent).TotalMicroseconds;
            figures.Add(new(
                format, lines.Lines, Math.Round(lines.Lines / seconds), Math.Round(cpu / lines.Lines, 2), Math.Round(lines.PeakHeapBytes / 1_000_000m, 1)));
        }

        return figures;
    }

    private static Task FocusAsync(Stream to, UsageRequest request, ILedgerReader read, Viewer viewer, CancellationToken cancellationToken)
    {
        var asset = request.Org.Org.Asset;
        var form = new FocusForm(FocusForm.IssuerDefault, FocusProfile.Released, new(asset, asset, UnitPrice: null));
        return FocusUsage.WriteAsync(to, request, read, new(request.Org, [], form), FocusColumns.Of(form, viewer), cancellationToken);
    }

    /// <summary>Counts lines and keeps nothing.</summary>
    private sealed class LineCount : Stream
    {
        public long Lines { get; private set; }

        public long PeakHeapBytes { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Lines += buffer.Span.Count((byte)'\n');
            PeakHeapBytes = Math.Max(PeakHeapBytes, GC.GetTotalMemory(forceFullCollection: false));
            return default;
        }

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Flush()
        {
        }
    }
}
