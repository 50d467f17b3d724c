using Tieout.Core.Metering;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Reads the usage blocks of one provider's chat answers, the plain ones fast.</summary>
internal sealed class ChatUsageReader(UsageExtractor extractor)
{
    private static readonly byte[] Before = "{\"usage\":"u8.ToArray();

    private readonly bool _plainAgrees = PlainChatUsage.Agrees(extractor);

    /// <param name="block">A JSON object.</param>
    /// <returns>False: it cannot be read as counts.</returns>
    public bool TryRead(ReadOnlySpan<byte> block, out UsageCounts counts, out UsageFlags flags)
    {
        flags = UsageFlags.None;
        if (_plainAgrees && PlainChatUsage.TryRead(block, out counts)) return true;
        byte[] answer = [.. Before, .. block, (byte)'}'];
        if (extractor.Read(answer.AsMemory()) is UsageReading.Measured({ } measured))
        {
            (counts, flags) = (measured.Counts, measured.Flags);
            return true;
        }

        counts = default;
        return false;
    }
}
