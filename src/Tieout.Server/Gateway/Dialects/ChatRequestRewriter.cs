namespace Tieout.Server.Gateway.Dialects;

/// <summary>Makes the bytes that go to the provider: the client's own, but for the model and, in a stream, the wish for usage.</summary>
internal static class ChatRequestRewriter
{
    /// <param name="model">The provider's name of the model, as JSON.</param>
    public static ReadOnlyMemory<byte> Rewrite(ReadOnlySpan<byte> body, ChatRequest request, ReadOnlySpan<byte> model)
    {
        var usageAt = 0..0;
        ReadOnlySpan<byte> usage = [];
        if (request is { Stream: true, UsageAsked: false })
        {
            usageAt = UsageAt(request);
            usage = UsageText(request);
        }

        var rewritten = new byte[body.Length + model.Length + usage.Length];
        var copy = new Copy(body, rewritten);
        var usageFirst = usageAt.Start.Value < request.ModelAt.Start.Value;
        if (usageFirst) copy.Replace(usageAt, usage);
        copy.Replace(request.ModelAt, model);
        if (!usageFirst) copy.Replace(usageAt, usage);
        return rewritten.AsMemory(0, copy.Finish());
    }

    /// <summary>Where the wish for usage goes: over a refusal of it, else into the options there are, else to the end of the body.</summary>
    private static Range UsageAt(ChatRequest request)
    {
        if (request.IncludeUsageAt is { } refusal) return refusal;
        if (request.StreamOptionsAt is not { } options) return request.End..request.End;
        if (request.StreamOptionsEmpty) return options;
        var inside = options.Start.Value + 1;
        return inside..inside;
    }

    private static ReadOnlySpan<byte> UsageText(ChatRequest request)
    {
        if (request.IncludeUsageAt is not null) return "true"u8;
        if (request.StreamOptionsAt is null) return ",\"stream_options\":{\"include_usage\":true}"u8;
        return request.StreamOptionsEmpty ? "{\"include_usage\":true}"u8 : "\"include_usage\":true,"u8;
    }

    private ref struct Copy(ReadOnlySpan<byte> from, Span<byte> to)
    {
        private readonly ReadOnlySpan<byte> _from = from;
        private readonly Span<byte> _to = to;
        private int _read, _written;

        /// <summary>Replacements come in the order of their places.</summary>
        public void Replace(Range at, ReadOnlySpan<byte> with)
        {
            if (at.Start.Value == at.End.Value && with.IsEmpty) return;
            Append(_from[_read..at.Start.Value]);
            Append(with);
            _read = at.End.Value;
        }

        public int Finish()
        {
            Append(_from[_read..]);
            return _written;
        }

        private void Append(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_to[_written..]);
            _written += bytes.Length;
        }
    }
}
