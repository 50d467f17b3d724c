using Tieout.Server.Configuration;

namespace Tieout.Server.Outbox;

/// <summary>How long to leave an endpoint alone after a failure.</summary>
internal static class Pauses
{
    /// <param name="attempts">Made so far, at least 1.</param>
    /// <param name="asked">What the endpoint asked for; null: nothing.</param>
    /// <param name="chance">0 to 1: so that what failed together is not tried again together.</param>
    public static TimeSpan After(int attempts, TimeSpan? asked, WebhookOptions options, double chance)
    {
        var pause = options.Backoff * Math.Pow(2, Math.Min(attempts - 1, 30)) * (1 + (chance / 2));
        if (asked is { } wish && wish > pause) pause = wish;
        return pause < options.BackoffMax ? pause : options.BackoffMax;
    }
}
