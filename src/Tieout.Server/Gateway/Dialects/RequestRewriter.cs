using System.Globalization;
using System.Text;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Makes the bytes for the provider: the client's, except for the model, a clamped limit and, in a stream, the option that asks for usage.</summary>
internal static class RequestRewriter
{
    /// <param name="model">The provider's name of the model, as JSON.</param>
    /// <param name="outputTokensMax">The clamped limit; null: the client's limit stays.</param>
    public static ReadOnlyMemory<byte> Rewrite(ReadOnlySpan<byte> body, GatewayRequest request, byte[] model, long? outputTokensMax = null)
    {
        Span<Edit> edits = [default, default, default, default];
        var count = 0;
        if (request.ModelAt is { } modelAt) edits[count++] = new(modelAt, model);
        if (request is { Stream: true, UsageAsked: false }) edits[count++] = new(UsageAt(request), UsageText(request));
        if (outputTokensMax is { } most && request.Limit is { } limit)
        {
            var number = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{limit.Before}{most}{limit.After}"));
            foreach (var at in limit.At.AsSpan()[..Math.Min(limit.At.Length, edits.Length - count)]) edits[count++] = new(at, number);
        }

        return Apply(body, edits[..count]);
    }

    /// <summary>Edits the model's name to the provider's.</summary>
    public static IEnumerable<Edit> Names(GatewayRequest request, Target target)
    {
        if (request.ModelAt is { } at) yield return new(at, target.ModelJson);
    }

    /// <summary>Replaces parts of a text. The result is not pooled: a connection may still send it after the answer has arrived.</summary>
    public static ReadOnlyMemory<byte> Apply(ReadOnlySpan<byte> body, Span<Edit> edits)
    {
        edits.Sort(static (one, other) => one.At.Start.Value.CompareTo(other.At.Start.Value));
        var length = body.Length;
        foreach (var edit in edits) length += edit.Growth;
        var rewritten = new byte[length];
        var (read, written) = (0, 0);
        foreach (var edit in edits)
        {
            body[read..edit.At.Start.Value].CopyTo(rewritten.AsSpan(written));
            written += edit.At.Start.Value - read;
            edit.With.CopyTo(rewritten, written);
            written += edit.With.Length;
            read = edit.At.End.Value;
        }

        body[read..].CopyTo(rewritten.AsSpan(written));
        return rewritten;
    }

    /// <summary>Asks for usage: replaces the client's <c>false</c>, else adds to the client's options, else adds options at the end of the body.</summary>
    private static Range UsageAt(GatewayRequest request)
    {
        if (request.IncludeUsageAt is { } refusal) return refusal;
        if (request.StreamOptionsAt is not { } options) return request.End..request.End;
        if (request.StreamOptionsEmpty) return options;
        var inside = options.Start.Value + 1;
        return inside..inside;
    }

    private static byte[] UsageText(GatewayRequest request)
    {
        if (request.IncludeUsageAt is not null) return Yes;
        if (request.StreamOptionsAt is null) return OptionsMember;
        return request.StreamOptionsEmpty ? Options : Member;
    }

    private static readonly byte[] Yes = "true"u8.ToArray();
    private static readonly byte[] OptionsMember = ",\"stream_options\":{\"include_usage\":true}"u8.ToArray();
    private static readonly byte[] Options = "{\"include_usage\":true}"u8.ToArray();
    private static readonly byte[] Member = "\"include_usage\":true,"u8.ToArray();
}

/// <summary>One replacement in a text.</summary>
internal readonly record struct Edit(Range At, byte[] With)
{
    /// <summary>Bytes by which the text grows.</summary>
    public int Growth => With.Length - (At.End.Value - At.Start.Value);

    /// <summary>The same edit in a larger text that contains the edited one.</summary>
    public Edit Within(Range part) => new((part.Start.Value + At.Start.Value)..(part.Start.Value + At.End.Value), With);
}
