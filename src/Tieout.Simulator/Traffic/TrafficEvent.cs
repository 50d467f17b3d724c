namespace Tieout.Simulator.Traffic;

/// <summary>Who caused a request and where it went.</summary>
/// <param name="Org">The tenant.</param>
/// <param name="Team">A team of the org.</param>
/// <param name="Feature">What of the product asked.</param>
/// <param name="Key">The API key it was asked with; keys belong to one org.</param>
/// <param name="Provider">Who answered.</param>
/// <param name="Model">The model that answered; models belong to one provider.</param>
public sealed record TrafficLabels(string Org, string Team, string Feature, string Key, string Provider, string Model)
{
    private int _hash;

    // A copy has other labels, and so another hash.
    private TrafficLabels(TrafficLabels other) =>
        (Org, Team, Feature, Key, Provider, Model) = (other.Org, other.Team, other.Feature, other.Key, other.Provider, other.Model);

    public bool Equals(TrafficLabels? other) => ReferenceEquals(this, other) || (other is not null && Org == other.Org && Team == other.Team
        && Feature == other.Feature && Key == other.Key && Provider == other.Provider && Model == other.Model);

    // Labels are looked up once for each request.
    public override int GetHashCode() => _hash != 0 ? _hash : _hash = HashCode.Combine(Org, Team, Feature, Key, Provider, Model);
}

/// <summary>One request as a meter sees it.</summary>
/// <param name="Id">The id the sender gave. A request that is sent twice may have the same id twice, or two.</param>
/// <param name="At">When it was made.</param>
/// <param name="ArrivedAt">When the meter was told. Minutes later as a rule, a day where a source was late.</param>
/// <param name="Labels">Who and where.</param>
/// <param name="Trigger">What made it: <see cref="TrafficTrigger"/>.</param>
/// <param name="User">The end user, a number within the org.</param>
/// <param name="Input">Tokens of the prompt that no cache had.</param>
/// <param name="CacheRead">Tokens of the prompt that the cache had.</param>
/// <param name="CacheWrite">Tokens of the prompt that were put into the cache.</param>
/// <param name="Output">Visible tokens of the answer.</param>
/// <param name="Reasoning">Tokens of reasoning, billed as output.</param>
/// <param name="CostNanos">What was booked, in whole nano-dollars.</param>
/// <param name="PriceVersion">The version of the model's list it was booked at.</param>
/// <param name="Failed">The call ended with an error although it was billed: a time-out, a 5xx at the end of a stream.</param>
/// <param name="Tool">The tool that the answer called; null where it called none.</param>
/// <param name="ToolFailed">The tool's result was an error.</param>
public readonly record struct TrafficEvent(
    long Id, DateTimeOffset At, DateTimeOffset ArrivedAt, TrafficLabels Labels, string Trigger, int User,
    int Input, int CacheRead, int CacheWrite, int Output, int Reasoning, long CostNanos, int PriceVersion, bool Failed, string? Tool, bool ToolFailed);

/// <summary>What makes a request.</summary>
public static class TrafficTrigger
{
    /// <summary>Somebody or something wanted an answer.</summary>
    public const string Primary = "";

    /// <summary>A client library tried again.</summary>
    public const string Retry = "retry";

    /// <summary>Somebody took a step back, and the answer was computed again.</summary>
    public const string Undo = "undo";

    /// <summary>A draft was saved, and something computed on it.</summary>
    public const string AutoSave = "auto_save";

    /// <summary>An agent tried a tool again.</summary>
    public const string ToolRetry = "tool_retry";
}
