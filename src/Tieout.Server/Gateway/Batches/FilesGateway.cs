using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.References;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Storage;

namespace Tieout.Server.Gateway.Batches;

/// <summary><c>/v1/files</c>: the files that batches read and write. Free, and each org's own.</summary>
internal sealed class FilesGateway(ServerOptions options, KeptAtProvider kept, CurrentRoutes currentRoutes, ReferenceGate references, ILedger ledger)
{
    private const string Purpose = "batch";

    private static readonly Dialect Spoken = OpenAiDialect.Instance;

    /// <summary>Receives a file, checks every line, and only then sends it to the provider.</summary>
    public async Task CreateAsync(HttpContext context)
    {
        if (await kept.EnterAsync(context, Spoken) is not { } caller || !await kept.HasRoomAsync(context, Spoken, caller, ObjectKind.File)) return;
        var routes = currentRoutes.Get();
        var (upload, refused) = await FileUpload.ReadAsync(context, UploadsFolder(options), routes.Options.Gateway.FileBytesMax);
        await using var _ = upload;
        if (refused is null && upload!.Purpose != Purpose)
        {
            refused = new(ApiError.ParameterInvalid, "The purpose must be 'batch': other files are not accepted.", "purpose");
        }

        BatchFile? file = null;
        if (refused is null) (file, refused) = await BatchFile.ReadAsync(upload!.Content, context.Request, caller, routes, references);
        if (refused is not null)
        {
            await Spoken.RefuseAsync(context, refused);
            return;
        }

        using var form = new MultipartFormDataContent();
        foreach (var (name, value) in upload!.Fields) form.Add(new StringContent(value), Quoted(name));
        form.Add(file!, "\"file\"", Quoted(upload.FileName));
        await kept.PassAsync(
            context, Spoken, caller.Spender.Key.Org, file!.Upstream, "/files", form, (_, answer) => KeepAsync(context, caller, file.Upstream, answer));
    }

    public async Task ReadAsync(HttpContext context)
    {
        if (await FindAsync(context) is { } found) await kept.PassAsync(context, Spoken, found.Kept.Object.Org, found.Upstream, PathOf(found.Kept), body: null);
    }

    public async Task ContentAsync(HttpContext context)
    {
        if (await FindAsync(context) is { } found)
        {
            await kept.StreamAsync(context, Spoken, found.Kept.Object.Org, found.Upstream, PathOf(found.Kept) + "/content");
        }
    }

    public async Task DeleteAsync(HttpContext context)
    {
        if (await FindAsync(context) is not { } found) return;
        var file = found.Kept.Object;
        await kept.PassAsync(context, Spoken, found.Kept.Object.Org, found.Upstream, PathOf(found.Kept), body: null, async (_, _) =>
        {
            await ledger.SubmitAsync(new Command.EndObject(file.Org, file.Kind, file.Id, """{"deleted":true}"""), CancellationToken.None);
            return true;
        });
    }

    /// <summary>Lists the org's own files, newest first, as the provider described them at the upload.</summary>
    public async Task ListAsync(HttpContext context)
    {
        if (await kept.EnterAsync(context, Spoken) is not { } caller) return;
        if (await ObjectPage.ReadAsync(context, Spoken, ledger.Read, caller.Spender.Key.Org, ObjectKind.File,
            row => row.End is null && FileFacts.Parse(row.Object.Body).Answer is not null) is not { } page)
        {
            return;
        }

        await page.WriteAsync(context, Spoken,
            row => Task.FromResult<ReadOnlyMemory<byte>?>(
                JsonSerializer.SerializeToUtf8Bytes(FileFacts.Parse(row.Object.Body).Answer!.Value, BatchJson.Default.JsonElement)));
    }

    public static string UploadsFolder(ServerOptions options) => Path.Combine(options.Data, "uploads");

    private async Task<bool> KeepAsync(HttpContext context, GatewayCaller caller, Upstream upstream, ReadOnlyMemory<byte> answer)
    {
        if (System.Text.Encoding.UTF8.GetString(JsonMember.Text(answer.Span, "id"u8)) is not { Length: > 0 } id)
        {
            await Spoken.RefuseAsync(context, ApiError.UpstreamFailed);
            return false;
        }

        var key = caller.Spender.Key;
        var file = new ProviderObject(key.Org, ObjectKind.File, id, key.Id, Attempt: null, OperationId: null, IsPending: false,
            new FileFacts(upstream.Options.Name, JsonElement.Parse(answer.Span)).ToJson());
        try
        {
            await ledger.SubmitAsync(new Command.KeepObject(file), CancellationToken.None);
            return true;
        }
        catch (StoreUnavailableException)
        {
            await Spoken.RefuseAsync(context, ApiError.StoreUnavailable, "The owner of the file could not be recorded, so the upload failed. Send it again.");
            return false;
        }
    }

    private async Task<LocatedObject?> FindAsync(HttpContext context) =>
        await kept.EnterAsync(context, Spoken) is { } caller
            ? await kept.FindAsync(context, Spoken, caller, ObjectKind.File, (string)context.Request.RouteValues["id"]!, body => FileFacts.Parse(body).Provider)
            : null;

    private static string PathOf(KeptObject file) => $"/files/{Uri.EscapeDataString(file.Object.Id)}";

    /// <summary>Some providers accept names of fields only in quotes.</summary>
    private static string Quoted(string name) => $"\"{name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
