using System.Text;
using Microsoft.Net.Http.Headers;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Finds a field of a <c>multipart/form-data</c> body where it stands.</summary>
internal static class FormBody
{
    private const int ValueLengthMax = 256;

    /// <param name="name">Of a field that must be there once, or may be.</param>
    /// <param name="isNeeded">If it need not be there and is not, its place is empty.</param>
    /// <param name="value">Where its value stands.</param>
    /// <returns>Null: it was found.</returns>
    public static GatewayRefusal? Read(string? contentType, ReadOnlySpan<byte> body, string name, out Range value, bool isNeeded = true)
    {
        value = default;
        if (!MediaTypeHeaderValue.TryParse(contentType, out var type) || type.MediaType != "multipart/form-data" || HeaderUtilities.RemoveQuotes(type.Boundary) is not { Length: > 0 and <= 70 } boundary)
        {
            return new(ApiError.BodyMalformed, "The body must be multipart/form-data.");
        }

        Range? found = null;
        ReadOnlySpan<byte> between = Encoding.UTF8.GetBytes($"--{boundary}");
        var at = body.IndexOf(between);
        while (at >= 0)
        {
            var start = at + between.Length;
            var length = body[start..].IndexOf(between);
            if (length < 0) break;
            if (IsField(body[start..(start + length)], name, out var inside))
            {
                // Of two, the provider might take the other one.
                if (found is not null) return new(ApiError.BodyMalformed, $"The field '{name}' is given twice.", name);
                found = (start + inside.Start.Value)..(start + inside.End.Value);
            }

            at = start + length;
        }

        if (found is null && !isNeeded) return null;
        if (found is not { } one || one.End.Value - one.Start.Value is 0 or > ValueLengthMax) return new(ApiError.ParameterInvalid, $"You must provide a {name} parameter.", name);
        value = one;
        return null;
    }

    /// <param name="part">From behind its boundary to before the next one.</param>
    private static bool IsField(ReadOnlySpan<byte> part, string name, out Range value)
    {
        value = default;
        var headers = part.IndexOf("\r\n\r\n"u8);
        if (headers < 0 || !part.EndsWith("\r\n"u8)) return false;
        foreach (var line in Encoding.UTF8.GetString(part[..headers]).Split("\r\n"))
        {
            const string disposition = "Content-Disposition:";
            if (!line.StartsWith(disposition, StringComparison.OrdinalIgnoreCase)) continue;
            if (!ContentDispositionHeaderValue.TryParse(line[disposition.Length..].Trim(), out var said) || HeaderUtilities.RemoveQuotes(said.Name) != name) continue;
            value = (headers + 4)..(part.Length - 2);
            return value.End.Value >= value.Start.Value;
        }

        return false;
    }
}
