using System.Collections.Immutable;
using System.Text;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;
using Tieout.Core.Tenancy;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway;

/// <summary>Step 8: what an attempt used, from what passes by.</summary>
/// <param name="reader">How the provider's usage blocks are read.</param>
/// <param name="promptBytes">Bytes of text in the request, for an estimate.</param>
/// <param name="price">At which it will be charged; null: none is known.</param>
internal sealed class UsageMeter(UsageBlockReader reader, long promptBytes, ResolvedPrice? price)
{
    /// <summary>English text has about this many bytes a token. An estimate says that it is one, and is to be trued up.</summary>
    private const int BytesPerToken = 4;

    private byte[] _block = [], _beginning = [];
    private bool _differed, _grows, _estimateStands;
    private string? _model;
    private long _textBytes;
    private UsageCounts? _counted;

    /// <summary>Takes in bytes of what the model wrote.</summary>
    public void SeeText(long bytes) => _textBytes += bytes;

    /// <summary>Takes in the provider's name of the model that answers. The first stands.</summary>
    public void SeeModel(ReadOnlySpan<byte> utf8) => _model ??= ModelName(utf8);

    /// <summary>Takes in a usage block. The last stands.</summary>
    /// <param name="grows">It says what was used so far, and more may follow: that the next one differs says nothing, and that none follows, much.</param>
    public void SeeUsage(ReadOnlySpan<byte> block, bool grows = false)
    {
        _differed |= !_grows && _block.Length > 0 && !block.SequenceEqual(_block);
        _block = block.ToArray();
        _grows = grows;
    }

    /// <summary>Whether the price has a rate for a unit.</summary>
    public bool IsPriced(UsageUnit unit) => price?.Cost.For(unit) is not null;

    /// <summary>Takes in a usage block of a stream's beginning: what it says of the input is true, of the output not yet.</summary>
    public void SeeBeginning(ReadOnlySpan<byte> block) => _beginning = block.ToArray();

    /// <summary>Takes in what the gateway can count itself: what is priced by the piece.</summary>
    public void SeeCounts(UsageCounts counts) => _counted = counts;

    /// <summary>Within one answer, two usage blocks disagree.</summary>
    public void MarkConflictingUsage() => _differed = true;

    /// <summary>Usage is not to be expected: the provider failed, or the gateway's own estimate is of what the client sent.</summary>
    public void ExpectNoUsage() => _estimateStands = true;

    /// <param name="whole">Whether the answer came to its end.</param>
    /// <param name="clientGone">Whether its client had gone: a client that hangs up must not make an answer cheaper.</param>
    public MeteredUsage Finish(bool whole, bool clientGone = false)
    {
        var repeated = _differed ? UsageFlags.UsageRepeated : UsageFlags.None;
        var isUnfinished = _grows && !whole;
        if (isUnfinished) _beginning = _block;
        if (_block.Length > 0 && !isUnfinished)
        {
            if (reader.TryReadPlain(_block, out var plain)) return new(plain, UsageBasis.Reported, repeated, _model);
            if (reader.Read(_block) is { } measured) return new(measured.Counts, UsageBasis.Reported, measured.Flags | repeated, _model) { SubCalls = measured.SubCalls };
        }
        else if (_counted is { } counted && whole)
        {
            return new(counted, UsageBasis.Reported, UsageFlags.None, _model);
        }

        var flags = whole && _block.Length > 0 ? UsageFlags.TotalMismatch : UsageFlags.CutShort;
        var estimate = new UsageCounts(Tokens(promptBytes), 0, 0, Tokens(_textBytes), 0);
        if (_beginning.Length > 0 && reader.Read(_beginning) is { Counts: { InputTokens: > 0 } begun })
        {
            // What it read is known; what it wrote is at least what came through.
            estimate = begun with { OutputTokens = Math.Max(begun.OutputTokens, Tokens(_textBytes)) };
        }

        return new(estimate, UsageBasis.Estimated, flags, _model) { IsUnreadable = clientGone || (whole && !_estimateStands) };
    }

    /// <summary>An attempt that the provider answered with an error: nothing used, and known to be.</summary>
    public static MeteredUsage Failed { get; } = new(default, UsageBasis.Failed, UsageFlags.None, null);

    /// <summary>How many tokens this much text is, about.</summary>
    public static long Tokens(long bytes) => (bytes + BytesPerToken - 1) / BytesPerToken;

    /// <summary>A provider's text becomes a label: only in the form of names, else the configured name stands.</summary>
    private static string? ModelName(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > Names.LengthMax) return null;
        var name = Encoding.UTF8.GetString(utf8);
        return Names.IsValid(name) ? name : null;
    }
}

/// <param name="Model">The model that answered; null: the answer did not say.</param>
internal readonly record struct MeteredUsage(UsageCounts Counts, UsageBasis Basis, UsageFlags Flags, string? Model)
{
    /// <summary>The counts are a guess that a client could have made small: what was held for the attempt counts instead.</summary>
    public bool IsUnreadable { get; init; }

    /// <summary>Calls that ran inside this one, each of them to be priced as its own model.</summary>
    public ImmutableArray<SubCall> SubCalls { get; init; } = [];
}
