using System.Globalization;

namespace Tieout.Server.Configuration;

/// <summary>Reads <c>webhooks</c> and <c>alerts</c> of <c>tieout.yaml</c>.</summary>
internal static class OutboxYaml
{
    private const int AttemptsUpperBound = 100;
    private const int CountMax = 1_000_000_000;

    public static WebhookOptions Webhooks(YamlPlace place)
    {
        var members = place.Members("allow_http", "allow_private", "timeout", "attempts_max", "backoff", "backoff_max");
        var options = new WebhookOptions();
        if (members.TryGetValue("allow_http", out var http)) options = options with { AllowHttp = YesOrNo(http) };
        if (members.TryGetValue("allow_private", out var local)) options = options with { AllowPrivate = YesOrNo(local) };
        if (members.TryGetValue("timeout", out var timeout)) options = options with { Timeout = timeout.Duration() };
        if (members.TryGetValue("attempts_max", out var attempts)) options = options with { AttemptsMax = (int)attempts.Count(AttemptsUpperBound) };
        if (members.TryGetValue("backoff", out var backoff)) options = options with { Backoff = backoff.Duration() };
        if (members.TryGetValue("backoff_max", out var longest)) options = options with { BackoffMax = longest.Duration() };
        return options;
    }

    public static AlertOptions Alerts(YamlPlace place)
    {
        var members = place.Members("spool_alert", "spool_problem", "queue_depth", "follower_rows", "last_write", "drift_pct", "drift_for");
        var options = new AlertOptions();
        if (members.TryGetValue("spool_alert", out var spool)) options = options with { SpoolAlert = (int)spool.Count(CountMax, min: 0) };
        if (members.TryGetValue("spool_problem", out var problem)) options = options with { SpoolProblem = (int)problem.Count(CountMax, min: 0) };
        if (members.TryGetValue("queue_depth", out var queue)) options = options with { QueueDepth = (int)queue.Count(CountMax, min: 0) };
        if (members.TryGetValue("follower_rows", out var rows)) options = options with { FollowerRows = (int)rows.Count(CountMax, min: 0) };
        if (members.TryGetValue("last_write", out var write)) options = options with { LastWrite = write.Duration() };
        if (members.TryGetValue("drift_pct", out var drift)) options = options with { DriftPct = PerCent(drift) };
        if (members.TryGetValue("drift_for", out var lasting)) options = options with { DriftFor = lasting.Duration() };
        return options;
    }

    private static bool YesOrNo(YamlPlace place) => place.Text() switch
    {
        "true" => true,
        "false" => false,
        var text => throw place.Wrong($"'{text}' is neither true nor false"),
    };

    private static decimal PerCent(YamlPlace place) =>
        decimal.TryParse(place.Text(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) && percent is >= 0 and <= 1_000
            ? percent
            : throw place.Wrong($"'{place.Text()}' is not a number of per cent: write 5, say, or 0.5");
}
