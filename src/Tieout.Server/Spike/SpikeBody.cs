using System.Text.Json.Serialization;
using Tieout.Core.Money;
using Tieout.Server.Http;
using Tieout.Server.Spike.Mitigations;

namespace Tieout.Server.Spike;

/// <summary>Whether a cost rose, why, where, and what the change is made of.</summary>
/// <param name="Org">Null: all orgs of the asset.</param>
/// <param name="At">The end of the last whole hour that is judged.</param>
/// <param name="From">Where the judged hours begin and the baseline ends.</param>
/// <param name="Verdict"><c>none</c>, <c>blip</c>, <c>rising</c>, <c>sustained</c>, <c>ended</c>, <c>benign</c>, <c>metering</c> or
/// <c>insufficient_baseline</c>.</param>
/// <param name="Because">Of <c>benign</c>: <c>calendar</c> or <c>growth</c>. Of <c>metering</c>: <c>duplicates</c>, <c>backfill</c>, <c>price_book</c> or
/// <c>usage_shape</c>. Else null.</param>
/// <param name="Onset">The first hour above the usual; null: there is none.</param>
/// <param name="End">The end of the hours that are compared, excluded.</param>
/// <param name="Expected">The same hours of the baseline, of weekends with weekends.</param>
/// <param name="Change"><paramref name="Actual"/> less <paramref name="Expected"/>; the sum of <paramref name="Parts"/>.</param>
/// <param name="ChangePercent">Null: nothing was expected.</param>
/// <param name="Sentence">The most likely cause in one sentence.</param>
/// <param name="ConfidencePercent">The part of the rise that the named causes explain; null: none is named.</param>
/// <param name="EstimatedPercent">Of the cost: the part that was stated and has no price list, so that its split over classes of tokens is an estimate. A
/// cached token counts as a tenth of a fresh one, a written one as 1.25, one of output as 5. The parts add up to the change all the same.</param>
/// <param name="Steps">The runbook's questions, with figures.</param>
/// <param name="Contributors">The largest increases, by org, feature, team, key and model, most first.</param>
/// <param name="Components">Of a cost that is as usual: labels that rose by themselves, while others fell.</param>
/// <param name="Mitigations">At most three that act on the named causes, each tried on past requests. None is set.</param>
/// <param name="Hours">The judged hours.</param>
/// <param name="AsOf">The commit that the report was made as of.</param>
public sealed record SpikeBody(
    string? Org, string Asset, string TimeZone, string At, string BaselineFrom, string From, string Verdict, string? Because, string? Onset, string? End,
    Amount Expected, Amount Actual, Amount Change, decimal? ChangePercent, string Sentence, int? ConfidencePercent, IReadOnlyList<SpikeCauseBody> Causes,
    IReadOnlyList<SpikePartBody> Parts, int EstimatedPercent, IReadOnlyList<SpikeStepBody> Steps, IReadOnlyList<SpikeContributorBody> Contributors,
    IReadOnlyList<SpikeComponentBody> Components, IReadOnlyList<MitigationSuggestionBody> Mitigations, IReadOnlyList<SpikeHourBody> Hours, long AsOf);

/// <param name="Cause">For example <c>retry_storm</c>.</param>
/// <param name="Driver">The part of the change that it is.</param>
/// <param name="SharePercent">Of all that rose.</param>
/// <param name="Places">Where, the largest first; empty: broad.</param>
/// <param name="Advice">What to do first.</param>
/// <param name="Else">What it could be as well.</param>
public sealed record SpikeCauseBody(
    string Cause, string Driver, Amount Effect, int SharePercent, IReadOnlyList<SpikePlaceBody> Places, string Sentence, string Advice, string Else);

/// <param name="Labels">One to three; null: usage that bears no such label.</param>
/// <param name="CoveragePercent">Of the effect.</param>
/// <param name="BaselinePercent">Of the expected cost.</param>
public sealed record SpikePlaceBody(IReadOnlyDictionary<string, string?> Labels, Amount Effect, int CoveragePercent, int BaselinePercent);

/// <param name="Parts">What the driver is made of; empty: of itself.</param>
public sealed record SpikePartBody(string Driver, Amount Effect, IReadOnlyList<SpikeSubPartBody> Parts);

public sealed record SpikeSubPartBody(string Part, Amount Effect);

/// <param name="Verdict"><c>pass</c> or <c>finding</c>.</param>
/// <param name="Advice">Of a finding: where to look first, by the runbook's quick reference. Else null.</param>
public sealed record SpikeStepBody(int No, string Title, string Verdict, IReadOnlyList<string> Figures, string? Advice);

public sealed record SpikeContributorBody(IReadOnlyDictionary<string, string?> Labels, Amount Expected, Amount Actual, Amount Change);

/// <param name="Dimension">For example feature.</param>
/// <param name="Expected">Since the onset; so is <paramref name="Actual"/>.</param>
public sealed record SpikeComponentBody(string Dimension, string Value, string Onset, Amount Expected, Amount Actual);

public sealed record SpikeHourBody(string Hour, Amount Cost);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(AmountConverter), typeof(MitigationKindConverter)])]
[JsonSerializable(typeof(SpikeBody))]
public sealed partial class SpikeJson : JsonSerializerContext;
