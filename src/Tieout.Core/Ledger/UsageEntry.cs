using System.Globalization;
using Tieout.Core.Ledger.Recounts;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>One row of a list of usage: a usage record with its charge, or a posting that corrects the charge. The charges of a list sum to what the ledger
/// posted.</summary>
/// <param name="Correction">A reversal or re-entry of the usage's charge; null: the charge itself.</param>
public readonly record struct UsageEntry(UsageRow Usage, PostingRow? Correction = null)
{
    /// <summary>What the row adds to what the org was charged: below zero for a reversal.</summary>
    public Amount Charge => Correction is not { Posting: var posting } ? Usage.Charge : posting.Kind == PostingKind.Reversal ? -posting.Amount : posting.Amount;

    /// <summary>The time it counts in. A correction may count in another period than its usage.</summary>
    public Instant EffectiveAt => Correction?.Posting.EffectiveAt ?? Usage.EffectiveAt;

    public Instant RecordedAt => Correction?.Posting.RecordedAt ?? Usage.RecordedAt;

    /// <summary>Whether a posting corrects usage: it takes a charge back or enters it anew, because the usage costs something else.</summary>
    /// <remarks>A posting that only brings another posting to what the usage says is none: the list has the usage's own charge already.</remarks>
    public static bool IsCorrection(in Posting posting) =>
        posting is { Kind: PostingKind.Reversal or PostingKind.ReEntry, UsageSeq: > 0, IsPostingRepair: false };
}

/// <summary>Where a page of a list of usage ends, so that the next one goes on there however many rows came meanwhile.</summary>
/// <param name="Hour">The hour of UTC of the last row, in hours since 1970.</param>
/// <param name="Usage">Number of the last usage record of that hour; null: none of its records was on a page yet.</param>
/// <param name="Posting">Number of the last correction of that hour; null: none of its corrections was on a page yet.</param>
public readonly record struct UsagePlace(long Hour, long? Usage, long? Posting)
{
    public static long HourOf(Instant at) => Recount.HourOf(at).UnixMicros / Instant.MicrosPerHour;

    /// <summary>The place after one more row.</summary>
    public static UsagePlace After(UsagePlace? before, UsageEntry entry)
    {
        var hour = HourOf(entry.EffectiveAt);
        var place = before is { } known && known.Hour == hour ? known : new(hour, null, null);
        return entry.Correction is { } correction ? place with { Posting = correction.Posting.Seq } : place with { Usage = entry.Usage.Seq };
    }

    /// <summary>For example <c>490872.1204.</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Hour}.{Usage}.{Posting}");

    public static bool TryParse(string text, out UsagePlace place)
    {
        place = default;
        if (text.Split('.') is not [var hour, var usage, var posting]) return false;
        if (!TryNumber(hour, out var hours) || hours is null || !TryNumber(usage, out var row) || !TryNumber(posting, out var entry)) return false;
        place = new(hours.Value, row, entry);
        return true;
    }

    private static bool TryNumber(string text, out long? number)
    {
        var isNumber = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value);
        number = isNumber ? value : null;
        return isNumber || text.Length == 0;
    }
}
