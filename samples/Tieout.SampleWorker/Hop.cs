using System.Buffers.Text;
using System.Text;
using System.Threading.Channels;
using Tieout.Client;

namespace Tieout.SampleWorker;

/// <summary>Takes messages from one queue to another, as brokers, bridges and sidecars do. An honest hop leaves the headers as they are.</summary>
/// <param name="change">What the hop does to a message.</param>
public sealed class Hop(ChannelReader<Message> from, ChannelWriter<Message> to, Func<Message, Message> change)
{
    /// <summary>Works until the first queue is complete, and completes the second.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var message in from.ReadAllAsync(cancellationToken)) await to.WriteAsync(change(message), cancellationToken);
        to.Complete();
    }

    /// <summary>Passes a message on as it came.</summary>
    public static Message Honest(Message message) => message;

    /// <summary>A malicious hop: it writes another tenant into the envelope, so that this one pays, and keeps the signature.</summary>
    public static Func<Message, Message> RewriteTenant(string from, string to) => message =>
    {
        var headers = new Dictionary<string, string>(message.Headers);
        var context = OperationContext.ReadFrom(message.Headers);
        var parts = (context.Envelope ?? throw new InvalidOperationException($"The message {message.Id} has no envelope to rewrite.")).Split('.');
        var claims = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(parts[1])).Replace($"\"{from}\"", $"\"{to}\"", StringComparison.Ordinal);
        var rewritten = $"{parts[0]}.{Base64Url.EncodeToString(Encoding.ASCII.GetBytes(claims))}.{parts[2]}";
        (context with { Envelope = rewritten }).WriteTo(headers);
        return message with { Headers = headers };
    };

    /// <summary>A malicious hop: it puts another tenant's envelope, which it got hold of, in the place of the message's own.</summary>
    public static Func<Message, Message> ReplaceEnvelope(string other) => message =>
    {
        var headers = new Dictionary<string, string>(message.Headers);
        (OperationContext.ReadFrom(message.Headers) with { Envelope = other }).WriteTo(headers);
        return message with { Headers = headers };
    };
}
