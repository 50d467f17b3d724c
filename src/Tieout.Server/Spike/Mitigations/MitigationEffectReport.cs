using System.Globalization;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Spike;
using Tieout.Storage;

namespace Tieout.Server.Spike.Mitigations;

/// <summary>What a mitigation was predicted to save and what the cost did since.</summary>
/// <param name="Predicted">A replay of the day before it was set, with the rule of the newest version.</param>
/// <param name="Since">When the newest version was set.</param>
/// <param name="Until">Its end, or now.</param>
/// <param name="HourBefore">The org's cost through the gateway in an hour, over the day before.</param>
/// <param name="HourSince">Likewise since; null: it is in force for less than an hour.</param>
/// <param name="RealisedPercent">By how much <paramref name="HourSince"/> is lower; null: as there, or there was no cost before.</param>
public sealed record MitigationEffectBody(
    string Id, string Org, MitigationPreviewBody Predicted, string Since, string Until, Amount HourBefore, Amount? HourSince, decimal? RealisedPercent,
    string Sentence, long AsOf);

/// <summary>Compares predicted and realised savings. The traffic may have changed as well, so this is evidence and no proof.</summary>
internal sealed class MitigationEffectReport(ILedger ledger, MitigationPreview preview)
{
    private const int HoursBefore = 24;

    public async Task<MitigationEffectBody> OfAsync(OrgState org, Mitigation mitigation, Instant now, CancellationToken cancellationToken)
    {
        var since = Instant.From(mitigation.SetAt);
        var end = Instant.From(mitigation.EndedAt ?? mitigation.ExpiresAt);
        var until = end < now ? end : now;
        var predicted = await preview.OfAsync(org, mitigation, since - TimeSpan.FromHours(HoursBefore), since, cancellationToken);
        var (before, hours) = (PerHour(predicted.Cost, TimeSpan.FromHours(HoursBefore)), until - since);
        Amount? after = hours < TimeSpan.FromHours(1) ? null : PerHour(await preview.CostAsync(org, since, until, cancellationToken), hours);
        decimal? realised = after is { } cost && before > Amount.Zero ? Math.Round(100 * (1 - cost.ToDecimal() / before.ToDecimal()), 1) : null;
        return new(
            mitigation.Id, mitigation.Org, predicted, since.ToString(), until.ToString(), before, after, realised, Sentence(predicted, before, after, realised),
            ledger.Read.AsOf);
    }

    private static Amount PerHour(Amount sum, TimeSpan time) => new(sum.Nanos * TimeSpan.TicksPerHour / Math.Max(1, time.Ticks));

    private static string Sentence(MitigationPreviewBody predicted, Amount before, Amount? after, decimal? realised)
    {
        var error = predicted.PlusMinus is { } plusMinus ? $" ± {plusMinus.ToString(CultureInfo.InvariantCulture)}" : "";
        var said = predicted.Possible ? string.Create(CultureInfo.InvariantCulture, $"Predicted: {predicted.SavedPercent} %{error}. ") : "Nothing was predicted. ";
        if (after is not { } cost) return said + "It is in force for less than an hour, too little to compare.";
        return realised is { } percent
            ? said + string.Create(CultureInfo.InvariantCulture, $"Realised: {percent} % ({before} an hour on the day before, {cost} since).") : said + "There was no cost before.";
    }
}
