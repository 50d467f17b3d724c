using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Tieout.Server.Api;

namespace Tieout.Server.Reconciliation;

/// <summary>Reads chosen members of a file with one JSON object a line.</summary>
internal static class JsonLinesRows
{
    private const int LineBytesMax = 1024 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <inheritdoc cref="CsvRows.ReadAsync"/>
    public static async Task ReadAsync(Stream file, IReadOnlyList<(string Name, bool Required)> members, Action<string?[], long> row, CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(file, new(leaveOpen: true));
        var line = 0L;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var left = read.Buffer;
            while (Next(ref left, read.IsCompleted) is { } text) Row(text, ++line);
            if (left.Length > LineBytesMax) throw FileRefused.At(line + 1, $"It is longer than {LineBytesMax / 1024} KiB.");
            reader.AdvanceTo(left.Start, left.End);
            if (read.IsCompleted) break;
        }

        void Row(ReadOnlySequence<byte> text, long number)
        {
            if (number == 1 && StartsWithMark(text)) text = text.Slice(3);
            if (IsBlank(text)) return;
            row(Cells(text, members, number), number);
        }
    }

    private static ReadOnlySequence<byte>? Next(ref ReadOnlySequence<byte> buffer, bool isLast)
    {
        if (buffer.PositionOf((byte)'\n') is { } end)
        {
            var line = buffer.Slice(0, end);
            buffer = buffer.Slice(buffer.GetPosition(1, end));
            return line;
        }

        if (!isLast || buffer.IsEmpty) return null;
        var rest = buffer;
        buffer = buffer.Slice(buffer.End);
        return rest;
    }

    private static string?[] Cells(ReadOnlySequence<byte> text, IReadOnlyList<(string Name, bool Required)> members, long line)
    {
        try
        {
            using var document = JsonDocument.Parse(text, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw FileRefused.At(line, "It is not a JSON object.");
            return [.. members.Select(member => Cell(document.RootElement, member, line))];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The latter for half of a surrogate pair: JSON by its grammar, and no text.
            throw FileRefused.At(line, "It is not JSON, or names a member twice.");
        }
    }

    /// <summary>One member of a row; null: it is null, or absent and not required.</summary>
    public static string? Cell(JsonElement row, (string Name, bool Required) member, long line)
    {
        if (!row.TryGetProperty(member.Name, out var value))
        {
            return member.Required ? throw FileRefused.At(line, $"It has no member '{Inputs.Shown(member.Name)}'.") : null;
        }

        return value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            _ => throw FileRefused.At(line, $"'{Inputs.Shown(member.Name)}' is neither text nor a number."),
        };
    }

    private static bool StartsWithMark(ReadOnlySequence<byte> text) => text.Length >= 3 && text.Slice(0, 3).ToArray().AsSpan().SequenceEqual(Encoding.UTF8.Preamble);

    private static bool IsBlank(ReadOnlySequence<byte> text)
    {
        foreach (var part in text)
        {
            if (part.Span.ContainsAnyExcept(" \t\r"u8)) return false;
        }

        return true;
    }
}
