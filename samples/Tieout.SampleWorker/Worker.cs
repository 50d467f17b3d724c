using System.Net;
using System.Text;
using System.Threading.Channels;
using Tieout.Client;

namespace Tieout.SampleWorker;

/// <summary>A message of a queue: what any broker has, an id, headers and a body.</summary>
public sealed record Message(string Id, IReadOnlyDictionary<string, string> Headers, string Body);

/// <summary>Works off a queue for many tenants. It has one key of its own; who pays is whoever's envelope lies on the message.</summary>
/// <param name="others">Where a message goes that this worker tried in vain: another worker goes on with it. Null: its last answer is the answer.</param>
public sealed class Worker(HttpClient gateway, ChannelReader<Message> queue, ChannelWriter<Message>? others = null, string name = "sample-queue")
{
    private const int AttemptsMax = 3;

    /// <summary>Works until the queue is complete. Each answer goes to <paramref name="answered"/>.</summary>
    public async Task RunAsync(Action<HttpResponseMessage> answered, CancellationToken cancellationToken)
    {
        await foreach (var message in queue.ReadAllAsync(cancellationToken))
        {
            using var response = await WorkAsync(message, cancellationToken);
            if (response is not null) answered(response);
        }

        others?.Complete();
    }

    /// <returns>Null: another worker goes on with it.</returns>
    private async Task<HttpResponseMessage?> WorkAsync(Message message, CancellationToken cancellationToken)
    {
        var received = OperationContext.ReadFrom(message.Headers);
        await RecordAsync(received, message, cancellationToken);
        for (var (context, tries) = (received, 1); ; (context, tries) = (context.NextAttempt(), tries + 1))
        {
            using var entered = context.Enter();
            using var body = new StringContent(message.Body, Encoding.UTF8, "application/json");
            var response = await gateway.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), body, cancellationToken);
            if (response.StatusCode < HttpStatusCode.InternalServerError) return response;
            if (tries < AttemptsMax)
            {
                response.Dispose();
                continue;
            }

            if (others is null) return response;
            response.Dispose();

            // The same envelope, byte for byte: only the number of the attempt goes up.
            var headers = new Dictionary<string, string>(message.Headers);
            context.NextAttempt().WriteTo(headers);
            await others.WriteAsync(message with { Id = $"{message.Id}.again", Headers = headers }, cancellationToken);
            return null;
        }
    }

    /// <summary>That the message came here. An envelope that is refused is refused again where it would spend, and that answer is the message's.</summary>
    private async Task RecordAsync(OperationContext context, Message message, CancellationToken cancellationToken)
    {
        try
        {
            await gateway.RecordHopAsync(context, message.Id, name, cancellationToken);
        }
        catch (HttpRequestException refused) when (refused.StatusCode is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError)
        {
        }
    }
}
