using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>The fields and files of a <c>multipart/form-data</c> body.</summary>
internal sealed class MultipartForm
{
    private readonly Dictionary<string, (string? FileName, byte[] Bytes)> _fields = [];

    /// <exception cref="SimulatedRequestException">The body has another form.</exception>
    public static MultipartForm Read(SimulatedInput input)
    {
        JsonRequest.Expect(
            MediaTypeHeaderValue.TryParse(input.ContentType, out var type) && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
                && type.Boundary.HasValue,
            "The body is not multipart/form-data.", null);
        using var body = new MemoryStream(input.Body.ToArray(), writable: false);
        var form = new MultipartForm();
        try
        {
            // The body is in memory, so the reader waits for nothing.
            form.FillAsync(new(HeaderUtilities.RemoveQuotes(type!.Boundary).ToString(), body)).GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw new SimulatedRequestException($"The body is not a form with the boundary of its Content-Type: {error.Message}", null);
        }

        JsonRequest.Expect(form._fields.Count > 0, "The body has no parts.", null);
        return form;
    }

    public string? Text(string name) => _fields.TryGetValue(name, out var field) ? Encoding.UTF8.GetString(field.Bytes) : null;

    public (string Name, byte[] Bytes) File(string name) => _fields.TryGetValue(name, out var field)
        ? (field.FileName ?? name, field.Bytes)
        : throw new SimulatedRequestException($"Missing required parameter: '{name}'.", name);

    private async Task FillAsync(MultipartReader reader)
    {
        while (await reader.ReadNextSectionAsync() is { } part)
        {
            using var content = new MemoryStream();
            await part.Body.CopyToAsync(content);
            if (!ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out var disposition)) continue;
            var fileName = disposition.FileName.HasValue ? HeaderUtilities.RemoveQuotes(disposition.FileName).ToString() : null;
            _fields[HeaderUtilities.RemoveQuotes(disposition.Name).ToString()] = (fileName, content.ToArray());
        }
    }
}
