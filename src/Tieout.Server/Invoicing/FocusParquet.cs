using System.Globalization;
using Microsoft.AspNetCore.Http;
using Parquet;
using Parquet.Schema;
using Tieout.Server.Http;
using Tieout.Server.Metering;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Invoicing;

/// <summary>FOCUS as Parquet: the columns and rows of <see cref="FocusUsage"/> with their types, so that a tool for analysis reads amounts as decimals and
/// times as times.</summary>
internal sealed class FocusParquet(ILedger ledger, TimeProvider time) : IUsageExport
{
    /// <summary>Rows that are in memory before they are sent.</summary>
    private const int GroupRows = 20_000;

    public string Format => "parquet";

    public async Task WriteAsync(HttpContext context, UsageRequest request)
    {
        var org = request.Org.Org.Id;
        var form = FocusForm.Read(name => Inputs.Query(context, name), request.Org);
        var export = new FocusExport(request.Org, await new InvoiceNumbering(ledger, time).InvoicesAsync(org, context.RequestAborted), form);
        context.Response.ContentType = "application/vnd.apache.parquet";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"focus-{org}.parquet\"";
        await WriteAsync(context.Response.Body, request, ledger.Read, export, FocusColumns.Of(form, Caller.Of(context).Viewer), context.RequestAborted);
    }

    public static async Task WriteAsync(
        Stream to, UsageRequest request, ILedgerReader read, FocusExport export, IReadOnlyList<FocusColumn> columns, CancellationToken cancellationToken)
    {
        var cells = columns.Select(ParquetCells.Of).ToList();
        await using var pieces = new PieceStream(to);
        await using (var file = await ParquetWriter.CreateAsync(
            new ParquetSchema(cells.Select(column => column.Field)), pieces, cancellationToken: cancellationToken))
        {
            var rows = 0;
            await foreach (var line in FocusUsage.LinesAsync(request, read, export, cancellationToken))
            {
                for (var i = 0; i < cells.Count; i++) cells[i].Add(columns[i].Cell(line));
                if (++rows < GroupRows) continue;
                await GroupAsync(file);
                rows = 0;
            }

            if (rows > 0) await GroupAsync(file);
        }

        await pieces.SendAsync(cancellationToken);

        async Task GroupAsync(ParquetWriter file)
        {
            using (var group = file.CreateRowGroup())
            {
                foreach (var column in cells) await column.WriteAsync(group);
            }

            await pieces.SendAsync(cancellationToken);
        }
    }

    /// <summary>The cells of one column in the rows that are in memory.</summary>
    private abstract class ParquetCells(DataField declared)
    {
        /// <summary>Digits before and after the point: those of a decimal of Parquet.</summary>
        private const int Precision = 38;

        private const int Scale = 18;

        public DataField Field { get; } = declared;

        public static ParquetCells Of(FocusColumn column) => column.Type switch
        {
            FocusType.Decimal => new Values<decimal>(
                new DecimalDataField(column.Name, Precision, Scale, isNullable: true),
                text => decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)),
            FocusType.Time => new Values<DateTime>(
                new DateTimeDataField(column.Name, DateTimeFormat.Timestamp, isAdjustedToUTC: true, DateTimeTimeUnit.Micros, isNullable: true),
                text => DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal)),
            FocusType.Whole => new Values<long>(new DataField<long>(column.Name, nullable: true), text => long.Parse(text, CultureInfo.InvariantCulture)),
            FocusType.Flag => new Values<bool>(new DataField<bool>(column.Name, nullable: true), bool.Parse),
            _ => new Texts(new DataField<string>(column.Name, nullable: true)),
        };

        public abstract void Add(string? cell);

        /// <summary>Writes the cells and forgets them.</summary>
        public abstract Task WriteAsync(ParquetRowGroupWriter group);
    }

    private sealed class Texts(DataField declared) : ParquetCells(declared)
    {
        private readonly List<string?> _cells = [];

        public override void Add(string? cell) => _cells.Add(cell);

        public override async Task WriteAsync(ParquetRowGroupWriter group)
        {
            await group.WriteAsync(Field, (IReadOnlyCollection<string>)_cells!);
            _cells.Clear();
        }
    }

    private sealed class Values<T>(DataField declared, Func<string, T> parse) : ParquetCells(declared)
        where T : struct
    {
        private readonly T?[] _cells = new T?[GroupRows];
        private int _count;

        public override void Add(string? cell) => _cells[_count++] = cell is null ? null : parse(cell);

        public override async Task WriteAsync(ParquetRowGroupWriter group)
        {
            await group.WriteAsync<T>(Field, new ReadOnlyMemory<T?>(_cells, 0, _count));
            _count = 0;
        }
    }

    /// <summary>Bytes in memory until they are sent. The writer asks how many there were in all, and never goes back.</summary>
    private sealed class PieceStream(Stream to) : MemoryStream
    {
        private long _sent;

        public override long Position
        {
            get => _sent + base.Position;
            set => throw new NotSupportedException($"Bytes were sent already; the writer cannot go back to {value}.");
        }

        public async Task SendAsync(CancellationToken cancellationToken)
        {
            await to.WriteAsync(GetBuffer().AsMemory(0, (int)Length), cancellationToken);
            _sent += Length;
            SetLength(0);
        }
    }
}
