using System.Net;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>A provider's answer in which our keys are stars, however it is read.</summary>
internal sealed class ConcealedContent : HttpContent
{
    private readonly HttpContent _answer;
    private readonly ProviderSecrets _secrets;

    public ConcealedContent(HttpContent answer, ProviderSecrets secrets)
    {
        (_answer, _secrets) = (answer, secrets);
        foreach (var (name, values) in answer.Headers.NonValidated) Headers.TryAddWithoutValidation(name, values);
    }

    protected override async Task<Stream> CreateContentReadStreamAsync() => new ConcealedStream(await _answer.ReadAsStreamAsync(), _secrets);

    protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken) =>
        new ConcealedStream(await _answer.ReadAsStreamAsync(cancellationToken), _secrets);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await using var concealed = await CreateContentReadStreamAsync();
        await concealed.CopyToAsync(stream);
    }

    /// <summary>A star is a byte, as what it covers was.</summary>
    protected override bool TryComputeLength(out long length)
    {
        length = _answer.Headers.ContentLength ?? 0;
        return _answer.Headers.ContentLength is not null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _answer.Dispose();
        base.Dispose(disposing);
    }
}
