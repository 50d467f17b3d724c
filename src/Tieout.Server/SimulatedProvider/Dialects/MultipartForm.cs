using System.Buffers;
using System.Text;
using Microsoft.Net.Http.Headers;

namespace Tieout.Server.SimulatedProvider.Dialects;

/// <summary>The fields and files of a <c>multipart/form-data</c> body.</summary>
internal sealed class MultipartForm
{
    private readonly Dictionary<string, (string? FileName, byte[] Bytes)> _fields = [];

    /// <exception cref="SimulatedRequestException">The body has another form.</exception>
    public static MultipartForm Read(SimulatedInput input)
    {
        JsonRequest.Expect(
            MediaTypeHeaderValue.TryParse(input.ContentType, out var type) && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase) && type.Boundary.HasValue,
            "The body is not multipart/form-data.", null);
        var form = new MultipartForm();
        ReadOnlySpan<byte> between = Encoding.UTF8.GetBytes($"\r\n--{HeaderUtilities.RemoveQuotes(type!.Boundary)}");

        // With a line end before it, the first boundary looks like all others.
        ReadOnlySpan<byte> body = [.. "\r\n"u8, .. input.Body.ToArray()];
        var part = body.IndexOf(between);
        JsonRequest.Expect(part >= 0, "The body has no parts.", null);
        for (body = body[(part + between.Length)..]; (part = body.IndexOf(between)) >= 0; body = body[(part + between.Length)..]) form.Add(body[..part]);
        return form;
    }

    public string? Text(string name) => _fields.TryGetValue(name, out var field) ? Encoding.UTF8.GetString(field.Bytes) : null;

    public (string Name, byte[] Bytes) File(string name) => _fields.TryGetValue(name, out var field)
        ? (field.FileName ?? name, field.Bytes)
        : throw new SimulatedRequestException($"Missing required parameter: '{name}'.", name);

    private void Add(ReadOnlySpan<byte> part)
    {
        var headersEnd = part.IndexOf("\r\n\r\n"u8);
        JsonRequest.Expect(headersEnd >= 0, "A part of the body has no end of headers.", null);
        foreach (var line in Encoding.UTF8.GetString(part[..headersEnd]).Split("\r\n"))
        {
            const string name = "Content-Disposition:";
            if (!line.StartsWith(name, StringComparison.OrdinalIgnoreCase) || !ContentDispositionHeaderValue.TryParse(line[name.Length..].Trim(), out var disposition)) continue;
            var fileName = disposition.FileName.HasValue ? HeaderUtilities.RemoveQuotes(disposition.FileName).ToString() : null;
            _fields[HeaderUtilities.RemoveQuotes(disposition.Name).ToString()] = (fileName, part[(headersEnd + 4)..].ToArray());
        }
    }
}
