using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Metering;

/// <summary>Usage as JSON Lines: one object a line, with the members of the items of a page.</summary>
internal sealed class UsageJsonLines(IUsageReader usage) : IUsageExport
{
    private const int PieceBytes = 100_000;

    public string Format => "jsonl";

    public Task WriteAsync(HttpContext context, UsageRequest request)
    {
        context.Response.ContentType = "application/jsonl; charset=utf-8";
        return WriteAsync(context.Response.Body, request, usage, Caller.Of(context).Viewer, context.RequestAborted);
    }

    public static async Task WriteAsync(Stream to, UsageRequest request, IUsageReader read, Viewer viewer, CancellationToken cancellationToken)
    {
        var piece = new ArrayBufferWriter<byte>(2 * PieceBytes);
        await using var json = new Utf8JsonWriter(piece);
        await foreach (var page in UsagePages.AllAsync(request, read, cancellationToken))
        {
            foreach (var entry in page)
            {
                Write(entry);
                if (piece.WrittenCount >= PieceBytes) await SendAsync();
            }
        }

        await SendAsync();

        void Write(in UsageEntry entry)
        {
            var members = new Members(json);
            json.WriteStartObject();
            UsageColumns.Write(ref members, entry, viewer);
            json.WriteEndObject();
            json.Flush();
            json.Reset();
            piece.Write("\n"u8);
        }

        async ValueTask SendAsync()
        {
            await to.WriteAsync(piece.WrittenMemory, cancellationToken);
            piece.ResetWrittenCount();
        }
    }

    private readonly struct Members(Utf8JsonWriter json) : IUsageColumns
    {
        public void Text(ReadOnlySpan<byte> name, string? value) => json.WriteString(name, value);

        public void Id(ReadOnlySpan<byte> name, Guid value) => json.WriteString(name, value);

        public void Time(ReadOnlySpan<byte> name, Instant value) => Value(name, value);

        public void Number(ReadOnlySpan<byte> name, long? value)
        {
            if (value is { } number) json.WriteNumber(name, number);
            else json.WriteNull(name);
        }

        public void Amount(ReadOnlySpan<byte> name, Amount value) => Value(name, value);

        public void Flag(ReadOnlySpan<byte> name, bool? value)
        {
            if (value is { } flag) json.WriteBoolean(name, flag);
            else json.WriteNull(name);
        }

        private void Value<T>(ReadOnlySpan<byte> name, T value)
            where T : IUtf8SpanFormattable
        {
            Span<byte> text = stackalloc byte[64];
            if (!value.TryFormat(text, out var length, default, null)) throw new FormatException($"{value} is longer than {text.Length} characters.");
            json.WriteString(name, text[..length]);
        }
    }
}
