using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>A <c>multipart/form-data</c> body, read once. What goes to the provider is a form of our own with the same parts, so there is no second reading of
/// the client's.</summary>
internal sealed class RequestForm
{
    private const int TextBytesMax = 128 * 1024;

    private readonly List<Part> _parts = [];

    private RequestForm() { }

    /// <summary>Of the form that goes to the provider. No client knows it, so no part contains it.</summary>
    public string Boundary { get; } = $"tieout-{Guid.NewGuid():n}";

    public string ContentType => $"multipart/form-data; boundary={Boundary}";

    public static async ValueTask<(RequestForm? Form, GatewayRefusal? Refused)> ReadAsync(
        string? contentType, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (BoundaryOf(contentType) is not { } boundary) return (null, new(ApiError.BodyMalformed, "The body must be multipart/form-data."));
        var form = new RequestForm();
        try
        {
            using var stream = MemoryMarshal.TryGetArray(body, out var bytes)
                ? new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false) : new MemoryStream(body.ToArray());
            return await form.FillAsync(new(boundary, stream) { HeadersCountLimit = 8, HeadersLengthLimit = 4 * 1024 }, cancellationToken) is { } refused
                ? (null, refused) : (form, null);
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            return (null, new(ApiError.BodyMalformed, "The body is not a form with the boundary that its Content-Type names."));
        }
    }

    /// <returns>Null: the content type is not that of a form.</returns>
    public static string? BoundaryOf(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type) && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
            && HeaderUtilities.RemoveQuotes(type.Boundary) is { Length: > 0 and <= 70 } boundary ? boundary.ToString() : null;

    /// <summary>What a part's own headers say, if they are such as a form's are.</summary>
    /// <param name="fileName">Null: the part is text.</param>
    /// <returns>Null: the part was read.</returns>
    public static GatewayRefusal? ReadHead(MultipartSection part, out string name, out string? fileName)
    {
        (name, fileName) = ("", null);
        if (!ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out var said) || said.DispositionType != "form-data"
            || HeaderUtilities.RemoveQuotes(said.Name).Value is not { Length: > 0 } named)
        {
            return new(ApiError.BodyMalformed, "A part of the form has no name.");
        }

        foreach (var group in said.Parameters.GroupBy(parameter => parameter.Name.Value!.TrimEnd('*'), StringComparer.OrdinalIgnoreCase))
        {
            if (group.Key is not ("name" or "filename") || group.Count(parameter => !parameter.Name.EndsWith("*", StringComparison.Ordinal)) > 1
                || (group.Key == "name" && group.Count() > 1))
            {
                return new(ApiError.BodyMalformed, $"The head of the part '{named}' can be read in two ways.", named);
            }
        }

        var isNested = part.ContentType?.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) ?? false;
        var isEncoded = part.Headers?.ContainsKey("Content-Transfer-Encoding") == true
            && part.Headers["Content-Transfer-Encoding"].ToString() is not ("binary" or "8bit" or "7bit");
        if (isNested || isEncoded) return new(ApiError.BodyMalformed, $"The part '{named}' is a form inside the form, or is encoded. Send it as it is.", named);
        (name, fileName) = (named, HeaderUtilities.RemoveQuotes(said.FileNameStar).Value ?? HeaderUtilities.RemoveQuotes(said.FileName).Value);
        return null;
    }

    /// <summary>The text of a part; null: there is none.</summary>
    public string? Text(string name) => _parts.Find(part => part.Name == name) is { } found ? Encoding.UTF8.GetString(found.Content.Span) : null;

    /// <summary>Writes a form with the same parts, but for the model.</summary>
    public ReadOnlyMemory<byte> Write(string? model)
    {
        var form = new ArrayBufferWriter<byte>(_parts.Sum(part => part.Content.Length + 256) + 256);
        foreach (var part in _parts)
        {
            Write($"--{Boundary}\r\nContent-Disposition: form-data; name=\"{part.Name}\"");
            if (part.FileName is { } file) Write($"; filename=\"{file}\"\r\nContent-Type: {part.ContentType}");
            Write("\r\n\r\n");
            if (part.Name == "model" && model is not null) Write(model);
            else form.Write(part.Content.Span);
            Write("\r\n");
        }

        Write($"--{Boundary}--\r\n");
        return form.WrittenMemory;

        void Write(string text) => form.Write(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>A name that stands in quotes, whoever reads it: no quotes, breaks or paths.</summary>
    public static string Plain(string fileName) =>
        new string([.. fileName.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ' ' or '(' or ')' ? c : '_').TakeLast(
            128)]) is { Length: > 0 } plain ? plain : "file";

    private async ValueTask<GatewayRefusal?> FillAsync(MultipartReader reader, CancellationToken cancellationToken)
    {
        // Providers differ in whether capitals count in names.
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadNextSectionAsync(cancellationToken) is { } section)
        {
            if (_parts.Count == FormRules.PartsMax) return new(ApiError.BodyMalformed, $"The form has more than {FormRules.PartsMax} parts.");
            if ((ReadHead(section, out var name, out var fileName) ?? FormRules.Refusal(name, fileName is not null, seen)) is { } refused) return refused;
            var content = await ContentAsync(section.Body, cancellationToken);
            if (fileName is null && (content.Length > TextBytesMax || !System.Text.Unicode.Utf8.IsValid(content.Span)))
            {
                return new(ApiError.ParameterInvalid, $"'{name}' must be UTF-8 text of at most {TextBytesMax} bytes.", name);
            }

            _parts.Add(new(name, fileName is null ? null : Plain(fileName), TypeOf(section.ContentType), content));
        }

        return null;
    }

    private static async ValueTask<ReadOnlyMemory<byte>> ContentAsync(Stream part, CancellationToken cancellationToken)
    {
        var content = new ArrayBufferWriter<byte>();
        while (await part.ReadAsync(content.GetMemory(16 * 1024), cancellationToken) is var read and > 0) content.Advance(read);
        return content.WrittenMemory;
    }

    private static string TypeOf(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type) && type.MediaType.HasValue
            && type.MediaType.Value.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '+' or '.') ? type.MediaType.Value : "application/octet-stream";

    private sealed record Part(string Name, string? FileName, string ContentType, ReadOnlyMemory<byte> Content);
}
