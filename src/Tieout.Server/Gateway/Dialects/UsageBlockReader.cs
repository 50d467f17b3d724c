using System.Text;
using Tieout.Core.Metering;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Reads the usage blocks of one API of one provider, the plain ones of chat fast.</summary>
internal sealed class UsageBlockReader(UsageExtractor extractor)
{
    private readonly byte[] _before = Encoding.UTF8.GetBytes($"{{\"{extractor.Block}\":");
    private readonly bool _plainAgrees = PlainChatUsage.Agrees(extractor);

    /// <param name="block">A JSON object.</param>
    /// <returns>Null: it cannot be read as counts.</returns>
    public MeasuredUsage? Read(ReadOnlySpan<byte> block)
    {
        byte[] answer = [.. _before, .. block, (byte)'}'];
        try
        {
            return extractor.Read(answer.AsMemory()) is UsageReading.Measured({ } measured) ? measured : null;
        }
        catch (InvalidOperationException)
        {
            // A text in it is no Unicode.
            return null;
        }
    }

    /// <summary>As <see cref="Read"/>, without garbage.</summary>
    /// <returns>False: not plain.</returns>
    public bool TryReadPlain(ReadOnlySpan<byte> block, out UsageCounts counts)
    {
        counts = default;
        try
        {
            return _plainAgrees && PlainChatUsage.TryRead(block, out counts);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
