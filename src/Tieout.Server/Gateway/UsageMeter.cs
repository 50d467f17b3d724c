using System.Text;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway;

/// <summary>Step 8: what an attempt used, from what passes by.</summary>
/// <param name="reader">How the provider's usage blocks are read.</param>
/// <param name="promptBytes">Bytes of text in the request, for an estimate.</param>
internal sealed class UsageMeter(ChatUsageReader reader, long promptBytes)
{
    /// <summary>English text has about this many bytes a token. An estimate says that it is one, and is to be trued up.</summary>
    private const int BytesPerToken = 4;

    private byte[] _block = [];
    private bool _differed;
    private string? _model;
    private long _textBytes;

    /// <summary>Takes in a whole answer, or a chunk of one.</summary>
    /// <param name="bytes">What <paramref name="answer"/> was read from.</param>
    public void See(in ChatAnswer answer, ReadOnlySpan<byte> bytes)
    {
        _textBytes += answer.TextBytes;
        if (_model is null && answer.Model is { } model) _model = ModelName(bytes[model]);
        if (answer.Usage is not { } usage) return;
        _differed |= answer.UsageDiffers || (_block.Length > 0 && !bytes[usage].SequenceEqual(_block));
        _block = bytes[usage].ToArray();
    }

    /// <summary>Takes in output that could not be read as an answer.</summary>
    public void SeeText(long bytes) => _textBytes += bytes;

    /// <param name="whole">Whether the answer came to its end.</param>
    public MeteredUsage Finish(bool whole)
    {
        if (_block.Length > 0 && reader.TryRead(_block, out var counts, out var odd))
        {
            return new(counts, UsageBasis.Reported, odd | (_differed ? UsageFlags.UsageRepeated : UsageFlags.None), _model);
        }

        var flags = whole && _block.Length > 0 ? UsageFlags.TotalMismatch : UsageFlags.CutShort;
        return new(new(Tokens(promptBytes), 0, 0, Tokens(_textBytes), 0), UsageBasis.Estimated, flags, _model);
    }

    /// <summary>An attempt that the provider answered with an error: nothing used, and known to be.</summary>
    public static MeteredUsage Failed { get; } = new(default, UsageBasis.Failed, UsageFlags.None, null);

    private static long Tokens(long bytes) => (bytes + BytesPerToken - 1) / BytesPerToken;

    /// <summary>A provider's text becomes a label: only in the form of names, else the configured name stands.</summary>
    private static string? ModelName(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > Names.LengthMax) return null;
        var name = Encoding.UTF8.GetString(utf8);
        return Names.IsValid(name) ? name : null;
    }
}

/// <param name="Model">The model that answered; null: the answer did not say.</param>
internal readonly record struct MeteredUsage(UsageCounts Counts, UsageBasis Basis, UsageFlags Flags, string? Model);
