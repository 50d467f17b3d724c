using System.Globalization;
using CsvHelper;
using Tieout.Core.Money;

namespace Tieout.Server.Http;

/// <summary>CSV as a spreadsheet may open it, sent in pieces: a long export needs no more memory than a short one.</summary>
/// <remarks>Nothing is sent before the first piece is full or <see cref="CompleteAsync"/> is called, so an export that fails at its first row is still answered
/// with an error.</remarks>
internal sealed class CsvExport : IAsyncDisposable
{
    private const int PieceBytes = 100_000;

    /// <summary>Escape: some cells are text from outside; a spreadsheet shows as text what would else be a formula to it.</summary>
    private static readonly CsvWriterOptions Form = new() { NewLine = "\n", Injection = CsvInjection.Escape };

    private readonly MemoryStream _piece = new();
    private readonly CsvWriter _csv;
    private readonly Stream _to;

    public CsvExport(Stream to) => (_to, _csv) = (to, CsvWriter.Create(_piece, Form, leaveOpen: true));

    /// <summary>A whole file as text.</summary>
    public static string Text(IEnumerable<string> columns, IEnumerable<IEnumerable<string?>> rows)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var csv = CsvWriter.Create(text, Form, leaveOpen: true))
        {
            foreach (var row in rows.Prepend(columns))
            {
                Write(csv, row);
                csv.EndRecord();
            }
        }

        return text.ToString();
    }

    /// <param name="cells">Null: empty.</param>
    public async ValueTask RowAsync(IEnumerable<string?> cells, CancellationToken cancellationToken)
    {
        Write(_csv, cells);
        EndRow();
        if (IsFull) await SendAsync(cancellationToken);
    }

    /// <summary>Whether there is a piece to be sent.</summary>
    public bool IsFull => _piece.Length >= PieceBytes;

    /// <summary>A cell of the current row; null: empty.</summary>
    public void Text(string? text) => _csv.WriteField(text);

    /// <summary>A cell of the current row; null: empty. A number below zero begins like a formula; as a number it is not escaped.</summary>
    public void Cell(string? text, bool isNumber)
    {
        if (isNumber && text is ['-', ..]) _csv.WriteField(decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture));
        else _csv.WriteField(text);
    }

    /// <summary>A cell with an amount. Below zero it begins like a formula; as a number it is not escaped.</summary>
    public void Amount(Amount amount)
    {
        if (amount < Core.Money.Amount.Zero) _csv.WriteField(amount.ToDecimal(), default);
        else _csv.WriteField(amount, default);
    }

    /// <summary>A cell that is no text from outside and not below zero: a number, a time or an id.</summary>
    public void Value<T>(T value)
        where T : IUtf8SpanFormattable, ISpanFormattable => _csv.WriteField(value, default);

    /// <summary>Ends the current row, in memory.</summary>
    public void EndRow() => _csv.EndRecord();

    /// <summary>Sends the piece that is in memory.</summary>
    public async ValueTask SendAsync(CancellationToken cancellationToken)
    {
        await _to.WriteAsync(_piece.GetBuffer().AsMemory(0, (int)_piece.Length), cancellationToken);
        _piece.SetLength(0);
    }

    /// <summary>Sends what has not been sent yet.</summary>
    public async ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        await _csv.FlushAsync(cancellationToken);
        await SendAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _csv.DisposeAsync();
        await _piece.DisposeAsync();
    }

    /// <summary>An amount below zero begins like a formula; as a number it is not escaped.</summary>
    private static void Write(CsvWriter csv, IEnumerable<string?> cells)
    {
        foreach (var cell in cells)
        {
            if (cell is ['-', ..]
                && decimal.TryParse(cell, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount))
            {
                csv.WriteField(amount);
            }
            else
            {
                csv.WriteField(cell);
            }
        }
    }
}
