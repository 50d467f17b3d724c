using System.Collections.Frozen;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Storage;

namespace Tieout.Server.Gateway.Batches;

/// <summary>A form with one file in it, which goes to a file of the data folder: a day's work may be larger than memory.</summary>
internal sealed class FileUpload : IAsyncDisposable
{
    private const int FieldBytesMax = 4 * 1024;
    private const int FieldsMax = 16;

    /// <summary>The parts that the providers' file API has; <c>expires_after</c> is written with brackets.</summary>
    private static readonly FrozenSet<string> UploadParts = FrozenSet.Create(
        StringComparer.Ordinal, "file", "purpose", "expires_after[anchor]", "expires_after[seconds]");

    /// <summary>What a form adds around its file.</summary>
    private const int FormBytes = 128 * 1024;

    private readonly List<(string Name, string Value)> _fields = [];

    private FileUpload(FileStream content) => Content = content;

    /// <summary>At its beginning.</summary>
    public FileStream Content { get; }

    public string FileName { get; private set; } = "file";

    /// <summary>All fields but the file, as they came.</summary>
    public IReadOnlyList<(string Name, string Value)> Fields => _fields;

    public string? Purpose => _fields.Find(one => one.Name == "purpose").Value;

    /// <param name="folder">Where the file is kept while it is needed.</param>
    /// <returns>The upload, to be disposed of, or why there is none.</returns>
    public static async Task<(FileUpload? Upload, GatewayRefusal? Refused)> ReadAsync(HttpContext context, string folder, long bytesMax)
    {
        if (RequestForm.BoundaryOf(context.Request.ContentType) is not { } boundary)
        {
            return (null, new(ApiError.BodyMalformed, "The body must be multipart/form-data."));
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = bytesMax + FormBytes;
        PrivateFiles.CreateFolder(folder);
        var path = Path.Combine(folder, Guid.CreateVersion7().ToString());
        var upload = new FileUpload(
            PrivateFiles.Open(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 64 * 1024, FileOptions.Asynchronous | FileOptions.DeleteOnClose));
        try
        {
            var refused = await upload.FillAsync(new(boundary, context.Request.Body), bytesMax, context.RequestAborted);
            if (refused is null) return (upload, null);
            await upload.DisposeAsync();
            return (null, refused);
        }
        catch (InvalidDataException)
        {
            await upload.DisposeAsync();
            return (null, new(ApiError.BodyMalformed, "The body is not a form."));
        }
        catch (BadHttpRequestException tooLarge) when (tooLarge.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            await upload.DisposeAsync();
            return (null, TooLarge(bytesMax));
        }
        catch
        {
            await upload.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Content.DisposeAsync();

    private async Task<GatewayRefusal?> FillAsync(MultipartReader form, long bytesMax, CancellationToken cancellationToken)
    {
        var hasFile = false;
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        while (await form.ReadNextSectionAsync(cancellationToken) is { } part)
        {
            if ((RequestForm.ReadHead(part, out var name, out var fileName) ?? FormRules.Refusal(name, fileName is not null, seen, UploadParts)) is { } wrong)
            {
                return wrong;
            }

            if (fileName is not null)
            {
                hasFile = true;
                FileName = RequestForm.Plain(fileName);
                if (!await CopyAsync(part.Body, bytesMax, cancellationToken)) return TooLarge(bytesMax);
                continue;
            }

            if (_fields.Count == FieldsMax) return new(ApiError.BodyMalformed, $"The form has more than {FieldsMax} fields.");
            if (await TextAsync(part.Body, cancellationToken) is not { } value)
            {
                return new(ApiError.ParameterInvalid, $"'{name}' is longer than {FieldBytesMax} bytes.", name);
            }

            _fields.Add((name, value));
        }

        Content.Position = 0;
        return hasFile ? null : new(ApiError.ParameterInvalid, "You must provide a file parameter.", "file");
    }

    private async Task<bool> CopyAsync(Stream part, long bytesMax, CancellationToken cancellationToken)
    {
        var piece = new byte[64 * 1024];
        while (await part.ReadAsync(piece, cancellationToken) is var read and > 0)
        {
            if (Content.Length + read > bytesMax) return false;
            await Content.WriteAsync(piece.AsMemory(0, read), cancellationToken);
        }

        await Content.FlushAsync(cancellationToken);
        return true;
    }

    private static async Task<string?> TextAsync(Stream part, CancellationToken cancellationToken)
    {
        var bytes = new byte[FieldBytesMax + 1];
        var length = await part.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return length > FieldBytesMax ? null : Encoding.UTF8.GetString(bytes, 0, length);
    }

    private static GatewayRefusal TooLarge(long bytesMax) => new(ApiError.BodyTooLarge, $"A file may have at most {bytesMax} bytes here.", "file");
}
