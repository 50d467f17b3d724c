using System.Net;
using System.Net.Http.Headers;
using Tieout.Server.Http;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>A provider's answer, unpacked where it is packed. Stars replace our keys in its head and body: no code can read either with a key in it.</summary>
/// <remarks>We ask for nothing packed. A request that names no coding allows any, and some servers pack all the same.</remarks>
internal sealed class UpstreamAnswer : IDisposable
{
    private readonly HttpResponseMessage _answer;
    private readonly ProviderSecrets _secrets;
    private readonly Stream _body;

    public UpstreamAnswer(HttpResponseMessage answer, ProviderSecrets secrets)
    {
        (_answer, _secrets) = (answer, secrets);
        secrets.Conceal(answer.Headers);
        secrets.Conceal(answer.Content.Headers);
        var packed = answer.Content.ReadAsStream();
        _body = Unpack(answer.Content.Headers, packed) ?? packed;
    }

    public HttpStatusCode StatusCode => _answer.StatusCode;

    public bool IsSuccessStatusCode => _answer.IsSuccessStatusCode;

    public HttpResponseHeaders Headers => _answer.Headers;

    public HttpContentHeaders ContentHeaders => _answer.Content.Headers;

    /// <summary>The body, to be read once and asynchronously. Ends with the answer.</summary>
    public Stream OpenBody() => _secrets.Conceal(_body);

    public void Dispose() => _answer.Dispose();

    /// <summary>Takes the coding, and the length that is that of the packed body, out of the head.</summary>
    private static Stream? Unpack(HttpContentHeaders headers, Stream packed)
    {
        if (!headers.NonValidated.TryGetValues("Content-Encoding", out var codings) || codings.Count != 1) return null;
        var unpacked = ContentCoding.Unpack(codings.ToString(), packed);
        if (unpacked is null) return null;
        headers.Remove("Content-Encoding");
        headers.ContentLength = null;
        return unpacked;
    }
}
