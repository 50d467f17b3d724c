using System.Text;
using System.Text.Json;
using Tieout.Server.Gateway.Batches;
using Tieout.Server.Http;

namespace Tieout.Server.Reconciliation;

/// <summary>Reads chosen members of a file with one JSON object a line.</summary>
internal static class JsonLinesRows
{
    private const int LineBytesMax = 1024 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <inheritdoc cref="CsvRows.ReadAsync"/>
    public static async Task ReadAsync(
        Stream file, IReadOnlyList<(string Name, bool Required)> members, Action<string?[], long> row, CancellationToken cancellationToken)
    {
        var number = 0L;
        try
        {
            await foreach (var line in LineReader.ReadAsync(file, LineBytesMax, cancellationToken))
            {
                number++;
                var text = number == 1 && line.Span.StartsWith(Encoding.UTF8.Preamble) ? line[Encoding.UTF8.Preamble.Length..] : line;
                if (!IsBlank(text.Span)) row(Cells(text, members, number), number);
            }
        }
        catch (InvalidDataException)
        {
            throw FileRefused.At(number + 1, $"It is longer than {LineBytesMax / 1024} KiB.");
        }
    }

    private static string?[] Cells(ReadOnlyMemory<byte> text, IReadOnlyList<(string Name, bool Required)> members, long line)
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

    private static bool IsBlank(ReadOnlySpan<byte> text) => !text.ContainsAnyExcept(" \t\r"u8);
}
