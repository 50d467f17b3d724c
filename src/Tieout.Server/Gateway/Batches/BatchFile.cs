using System.Net;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.References;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Batches;

/// <param name="File">Null: the file is refused.</param>
/// <param name="Refused">Why, with the number of the line; null: every line is valid.</param>
internal readonly record struct BatchFileReading(BatchFile? File, GatewayRefusal? Refused);

/// <summary>A file of batch lines, sent to the one provider that serves all of their models.</summary>
/// <remarks>Only the names of the models change: they become the provider's.</remarks>
internal sealed class BatchFile : HttpContent
{
    private readonly FileStream _lines;
    private readonly HttpRequest _http;
    private readonly Routes _routes;
    private long _length;

    private BatchFile(FileStream lines, HttpRequest http, Routes routes) => (_lines, _http, _routes) = (lines, http, routes);

    public Upstream Upstream { get; private set; } = null!;

    private long LineBytesMax => _routes.Options.Gateway.BodyBytesMax;

    /// <summary>Checks every line before any of the file is sent.</summary>
    public static async Task<BatchFileReading> ReadAsync(FileStream lines, HttpRequest http, GatewayCaller caller, Routes routes, ReferenceGate references)
    {
        var file = new BatchFile(lines, http, routes);
        var number = 0;
        try
        {
            await foreach (var line in LineReader.ReadAsync(lines, file.LineBytesMax, http.HttpContext.RequestAborted))
            {
                number++;
                file._length += line.Length + 1;
                if (IsBlank(line.Span)) continue;
                var refused = file.Check(line.Span, caller, out var named, out var model) ?? await file.ForeignAsync(references, caller, named, model);
                if (refused is not null) return new(File: null, refused with { Message = $"Line {number}: {refused.Message ?? refused.Error.Title}" });
            }
        }
        catch (InvalidDataException tooLong)
        {
            return new(File: null, new(ApiError.BodyTooLarge, $"Line {number + 1}: {tooLong.Message}", "file"));
        }

        return file.Upstream is null ? new(File: null, new(ApiError.ParameterInvalid, "The file has no lines.", "file")) : new(file, Refused: null);
    }

    public static bool IsBlank(ReadOnlySpan<byte> line) => line.IndexOfAnyExcept(" \t\r"u8) < 0;

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        _lines.Position = 0;
        await foreach (var line in LineReader.ReadAsync(_lines, LineBytesMax, CancellationToken.None))
        {
            await stream.WriteAsync(Rewritten(line.Span));
            await stream.WriteAsync("\n"u8.ToArray());
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }

    /// <summary>Objects that a line names must be the org's own, at the provider that gets the file.</summary>
    private async ValueTask<GatewayRefusal?> ForeignAsync(ReferenceGate references, GatewayCaller caller, RequestReferences named, string model)
    {
        if (ReferenceEquals(named, RequestReferences.None) && !ReferenceGate.MayBePrivate(_routes, model)) return null;
        var check = await references.CheckAsync(caller, _routes, ProviderDialect.OpenAi, KeyScope.Batches, model, named, _http.HttpContext.RequestAborted);
        return check.RefusalAt(Upstream);
    }

    private GatewayRefusal? Check(ReadOnlySpan<byte> json, GatewayCaller caller, out RequestReferences named, out string model)
    {
        (named, model) = (RequestReferences.None, "");
        if (BatchLine.Read(json, "body"u8, hasUrl: true, out var line) is { } malformed) return malformed;
        if (OpenAiBatches.Instance.EndpointOf(line.Url) is not { } endpoint)
        {
            return new(ApiError.ParameterInvalid, $"Batches are not taken for '{line.Url}' here.", "url");
        }

        if ((endpoint.Read(_http, json[line.Body], out var request) ?? endpoint.ReadReferences(json[line.Body], out named)) is { } wrong) return wrong;
        if (caller.Spender.Refusal(endpoint.Scope, request!.Model) is { } notAllowed) return notAllowed;
        if (TargetOf(request.Model) is not { } target)
        {
            return new(ApiError.ModelNotFound,
                $"The model '{request.Model}' is not offered here for batches{(Upstream is null ? "" : $" at '{Upstream.Options.Name}', where the lines before it go")}.", "model");
        }

        Upstream ??= target.Upstream;
        model = request.Model;
        foreach (var edit in RequestRewriter.Names(request, target)) _length += edit.Growth;
        return null;
    }

    private ReadOnlyMemory<byte> Rewritten(ReadOnlySpan<byte> json)
    {
        if (IsBlank(json) || BatchLine.Read(json, "body"u8, hasUrl: true, out var line) is not null) return json.ToArray();
        OpenAiBatches.Instance.EndpointOf(line.Url)!.Read(_http, json[line.Body], out var request);
        if (request is null || TargetOf(request.Model) is not { } target) return json.ToArray();
        return RequestRewriter.Apply(json, [.. RequestRewriter.Names(request, target).Select(edit => edit.Within(line.Body))]);
    }

    /// <summary>A batch goes to one provider, which the first line selects.</summary>
    private Target? TargetOf(string model) => _routes.Find(model)?.Stages.SelectMany(stage => stage)
        .FirstOrDefault(target => target.Upstream.Options.Dialect is ProviderDialect.OpenAi && (Upstream is null || target.Upstream == Upstream));
}
