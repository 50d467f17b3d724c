using System.Net;
using System.Text;
using System.Threading.Channels;
using Tieout.Client;

namespace Tieout.SampleWorker;

/// <summary>A message of a queue: what any broker has, an id, headers and a body.</summary>
public sealed record Message(string Id, IReadOnlyDictionary<string, string> Headers, string Body);

/// <summary>Works off a queue for many tenants. It has one key of its own; who pays is whoever's envelope lies on the message.</summary>
public sealed class Worker(HttpClient gateway, ChannelReader<Message> queue)
{
    private const int AttemptsMax = 3;

    /// <summary>Works until the queue is complete. Each answer goes to <paramref name="answered"/>.</summary>
    public async Task RunAsync(Action<HttpResponseMessage> answered, CancellationToken cancellationToken)
    {
        await foreach (var message in queue.ReadAllAsync(cancellationToken))
        {
            using var response = await WorkAsync(message, cancellationToken);
            answered(response);
        }
    }

    private async Task<HttpResponseMessage> WorkAsync(Message message, CancellationToken cancellationToken)
    {
        var received = OperationContext.ReadFrom(message.Headers);
        await gateway.RecordHopAsync(received, message.Id, "sample-queue", cancellationToken);
        for (var context = received; ; context = context.NextAttempt())
        {
            using var entered = context.Enter();
            using var body = new StringContent(message.Body, Encoding.UTF8, "application/json");
            var response = await gateway.PostAsync(new Uri("/v1/chat/completions", UriKind.Relative), body, cancellationToken);
            if (response.StatusCode < HttpStatusCode.InternalServerError || context.Attempt >= AttemptsMax) return response;
            response.Dispose();
        }
    }
}
