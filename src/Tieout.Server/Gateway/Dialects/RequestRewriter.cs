using System.Globalization;
using System.Text;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Makes the bytes that go to the provider: the client's own, but for the model, the limit that was agreed on and, in a stream, the wish for usage.</summary>
internal static class RequestRewriter
{
    /// <param name="model">The provider's name of the model, as JSON.</param>
    /// <param name="outputTokensMax">Lowers the limit; null: as the client has it.</param>
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

    /// <summary>The name in a request that is another at the provider: the model's.</summary>
    public static IEnumerable<Edit> Names(GatewayRequest request, Target target)
    {
        if (request.ModelAt is { } at) yield return new(at, target.ModelJson);
    }

    /// <summary>Replaces parts of a text. The result is no pooled array: a connection may still be sending it when the answer is already there.</summary>
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

    /// <summary>Where the wish for usage goes: over a refusal of it, else into the options there are, else to the end of the body.</summary>
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

/// <summary>Bytes in place of others.</summary>
internal readonly record struct Edit(Range At, byte[] With)
{
    /// <summary>Bytes by which the text becomes longer.</summary>
    public int Growth => With.Length - (At.End.Value - At.Start.Value);

    /// <summary>The same edit of the text in which the edited one is a part.</summary>
    public Edit Within(Range part) => new((part.Start.Value + At.Start.Value)..(part.Start.Value + At.End.Value), With);
}
