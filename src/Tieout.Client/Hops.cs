using System.Net.Http.Headers;
using System.Text.Json;

namespace Tieout.Client;

/// <summary>Puts on record where an operation's envelope went between two calls.</summary>
public static class Hops
{
    private static readonly Uri Address = new("/api/v1/envelopes/hops", UriKind.Relative);

    /// <param name="gateway">With the gateway as its base address, and a key that may act for the envelope's tenant.</param>
    /// <param name="id">Of the hop, such as the message's. The same again is the same hop.</param>
    /// <param name="target">Where it came to: a queue, a worker.</param>
    /// <exception cref="InvalidOperationException">The operation has no envelope.</exception>
    /// <exception cref="HttpRequestException">It is not on record; trying again is safe.</exception>
    public static async Task RecordHopAsync(
        this HttpClient gateway, OperationContext context, string id, string target, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(gateway);
        ArgumentNullException.ThrowIfNull(context);
        var envelope = context.Envelope ?? throw new InvalidOperationException("An operation without an envelope has no hops.");
        using var body = new ByteArrayContent(Write(envelope, id, target, context.Attempt));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await gateway.PostAsync(Address, body, cancellationToken).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
    }

    private static byte[] Write(string envelope, string id, string target, int attempt)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("envelope", envelope);
            json.WriteString("id", id);
            json.WriteString("target", target);
            json.WriteNumber("attempt", attempt);
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }
}
