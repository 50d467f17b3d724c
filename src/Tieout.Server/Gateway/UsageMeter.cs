using System.Collections.Immutable;
using System.Text;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;
using Tieout.Core.Spike;
using Tieout.Core.Tenancy;
using Tieout.Server.Gateway.Dialects;

namespace Tieout.Server.Gateway;

/// <summary>Step 8: measures what an attempt used, from the answer as it passes.</summary>
/// <param name="reader">Reads the provider's usage blocks.</param>
/// <param name="promptBytes">Bytes of text in the request, for an estimate.</param>
/// <param name="price">Price at which the attempt will be charged; null: none is known.</param>
internal sealed class UsageMeter(UsageBlockReader reader, long promptBytes, ResolvedPrice? price)
{
    /// <summary>English text has about this many bytes per token. A record with an estimate is marked, so that it can be trued up.</summary>
    private const int BytesPerToken = 4;

    private byte[] _block = [], _beginning = [];
    private bool _differed, _grows, _estimateStands, _failed;
    private string? _model, _finish;
    private long _textBytes;
    private UsageCounts? _counted;

    /// <summary>Adds bytes of text that the model wrote.</summary>
    public void SeeText(long bytes) => _textBytes += bytes;

    /// <summary>Notes the provider's name of the model that answers. The first one counts.</summary>
    public void SeeModel(ReadOnlySpan<byte> utf8) => _model ??= ModelName(utf8);

    /// <summary>Notes why the answer ended, in the provider's word. The last one counts; empty: it did not say.</summary>
    public void SeeFinish(ReadOnlySpan<byte> said) => _finish = FinishReason.Of(said) ?? _finish;

    /// <summary>Why the answer ended (<see cref="FinishReason"/>); null: it did not say.</summary>
    public string? FinishedBy => _finish;

    /// <summary>Notes a usage block. The last one counts.</summary>
    /// <param name="grows">The block counts usage so far: a later block that differs is no conflict, and a stream that ends after it is unfinished.</param>
    public void SeeUsage(ReadOnlySpan<byte> block, bool grows = false)
    {
        _differed |= !_grows && _block.Length > 0 && !block.SequenceEqual(_block);
        _block = block.ToArray();
        _grows = grows;
    }

    /// <summary>Whether the price has a rate for a unit.</summary>
    public bool IsPriced(UsageUnit unit) => price?.Cost.For(unit) is not null;

    /// <summary>Notes a usage block from the beginning of a stream: its input counts are final, its output counts are not.</summary>
    public void SeeBeginning(ReadOnlySpan<byte> block) => _beginning = block.ToArray();

    /// <summary>Notes units that the gateway counts itself, for example images.</summary>
    public void SeeCounts(UsageCounts counts) => _counted = counts;

    /// <summary>Within one answer, two usage blocks disagree.</summary>
    public void MarkConflictingUsage() => _differed = true;

    /// <summary>Accepts an answer without usage: the estimate follows from what the client sent.</summary>
    public void ExpectNoUsage() => _estimateStands = true;

    /// <summary>Notes that the answer, or the end of its stream, is an error, whatever its HTTP status says. An error that comes before any text and any
    /// usage is no answer: nothing was used.</summary>
    public void SeeError() => _failed = _estimateStands = true;

    /// <param name="whole">Whether the answer is complete.</param>
    /// <param name="clientGone">Whether the client had gone: a client that hangs up must not make an answer cheaper.</param>
    public MeteredUsage Finish(bool whole, bool clientGone = false)
    {
        if (_failed && _textBytes == 0 && _block.Length == 0 && _beginning.Length == 0) return Failed with { Model = _model };
        var repeated = _differed ? UsageFlags.UsageRepeated : UsageFlags.None;
        var isUnfinished = _grows && !whole;
        if (isUnfinished) _beginning = _block;
        if (_block.Length > 0 && !isUnfinished)
        {
            if (reader.TryReadPlain(_block, out var plain)) return new(plain, UsageBasis.Reported, repeated, _model);
            if (reader.Read(_block) is { } measured)
            {
                return new(measured.Counts, UsageBasis.Reported, measured.Flags | repeated, _model) { SubCalls = measured.SubCalls };
            }
        }
        else if (_counted is { } counted && whole)
        {
            return new(counted, UsageBasis.Reported, UsageFlags.None, _model);
        }

        var flags = whole && _block.Length > 0 ? UsageFlags.TotalMismatch : UsageFlags.CutShort;
        var estimate = new UsageCounts(Tokens(promptBytes), 0, 0, Tokens(_textBytes), 0);
        if (_beginning.Length > 0 && reader.Read(_beginning) is { Counts: { InputTokens: > 0 } begun })
        {
            // The input is known. The output is at least the text that passed.
            estimate = begun with { OutputTokens = Math.Max(begun.OutputTokens, Tokens(_textBytes)) };
        }

        return new(estimate, UsageBasis.Estimated, flags, _model) { IsUnreadable = clientGone || (whole && !_estimateStands) };
    }

    /// <summary>Usage of an attempt that the provider answered with an error: none, for certain.</summary>
    public static MeteredUsage Failed { get; } = new(default, UsageBasis.Failed, UsageFlags.None, null);

    /// <summary>Estimates the tokens of a text.</summary>
    public static long Tokens(long bytes) => (bytes + BytesPerToken - 1) / BytesPerToken;

    /// <summary>The name becomes a label, so it must be valid as one; otherwise the configured name is used.</summary>
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
    /// <summary>The counts are an estimate that a client could have made small, so the amount held for the attempt is charged instead.</summary>
    public bool IsUnreadable { get; init; }

    /// <summary>Calls that ran inside this one. Each is priced as its own model.</summary>
    public ImmutableArray<SubCall> SubCalls { get; init; } = [];
}
