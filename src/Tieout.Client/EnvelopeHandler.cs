using System.Globalization;

namespace Tieout.Client;

/// <summary>Puts the <see cref="OperationContext.Current"/> operation into the headers of every request to the gateway, and of none to anyone else.</summary>
/// <param name="gateway">Only requests to its scheme, host and port bear an envelope: it is a credential.</param>
public sealed class EnvelopeHandler(Uri gateway) : DelegatingHandler
{
    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Stamp(request);
        return base.SendAsync(request, cancellationToken);
    }

    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Stamp(request);
        return base.Send(request, cancellationToken);
    }

    private void Stamp(HttpRequestMessage request)
    {
        var isForGateway = request.RequestUri is { IsAbsoluteUri: true } target
            && Uri.Compare(target, gateway, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0;

        // A request may be sent again by whoever tries again: what an earlier try left is replaced, never added to.
        var context = OperationContext.Current;
        if (context is null && isForGateway) return;
        Set(request, OperationContext.EnvelopeHeader, isForGateway ? context!.Envelope : null);
        Set(request, OperationContext.OperationHeader, isForGateway ? context!.Operation : null);
        Set(request, OperationContext.AttemptHeader, isForGateway ? context!.Attempt.ToString(CultureInfo.InvariantCulture) : null);
    }

    private static void Set(HttpRequestMessage request, string name, string? value)
    {
        request.Headers.Remove(name);
        if (value is not null) request.Headers.TryAddWithoutValidation(name, value);
    }
}
