using System.Net;
using System.Net.Http.Headers;

namespace Tieout.Server.Gateway.Upstreams;

/// <summary>A provider's answer. Stars replace our keys in its head and body: no code can read either with a key in it.</summary>
internal sealed class UpstreamAnswer : IDisposable
{
    private readonly HttpResponseMessage _answer;
    private readonly ProviderSecrets _secrets;

    public UpstreamAnswer(HttpResponseMessage answer, ProviderSecrets secrets)
    {
        (_answer, _secrets) = (answer, secrets);
        secrets.Conceal(answer.Headers);
        secrets.Conceal(answer.Content.Headers);
    }

    public HttpStatusCode StatusCode => _answer.StatusCode;

    public bool IsSuccessStatusCode => _answer.IsSuccessStatusCode;

    public HttpResponseHeaders Headers => _answer.Headers;

    public HttpContentHeaders ContentHeaders => _answer.Content.Headers;

    /// <summary>The body, to be read once and asynchronously. Ends with the answer.</summary>
    public Stream OpenBody() => _secrets.Conceal(_answer.Content.ReadAsStream());

    public void Dispose() => _answer.Dispose();
}
