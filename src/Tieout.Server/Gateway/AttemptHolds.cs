using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Attribution;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Mitigations;
using Tieout.Server.Telemetry;
using Tieout.Storage;

namespace Tieout.Server.Gateway;

/// <summary>Step 4: holds what an attempt may cost before anything of it leaves (M2).</summary>
internal sealed class AttemptHolds(ILedger ledger, SettlementSpool spool, RefusalNews refusals, OutageLog outages)
{
    /// <summary>How long a provider may work on a response in the background, and so how long its hold lasts.</summary>
    public static readonly TimeSpan BackgroundMax = TimeSpan.FromHours(24);

    /// <summary>A hold outlives the longest attempt by this, so that only a dead gateway's holds expire.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    /// <param name="chain">Links the attempt to those before it under the same envelope; null: there is no envelope.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<HoldResult> PlaceAsync(GatewayCall call, GatewayAttempt attempt, Estimate estimate, EnvelopeChain? chain)
    {
        // Without room for its settlement, what the attempt spends could be lost (S1).
        if (spool.IsFull) return HoldResult.Refuse(new(ApiError.StoreUnavailable));
        try
        {
            var (ceiling, lasting) = (estimate.Ceiling, LifetimeOf(call, attempt));
            var outcome = await SubmitAsync(attempt, attempt.Hold(ceiling, lasting), chain);
            if (outcome is Outcome.Refused { Left: { } left } && MayClamp(call) && OutputClamp.Find(call.Request, estimate, left) is { } clamp)
            {
                Apply(call, clamp);
                ceiling = clamp.Ceiling;
                outcome = await SubmitAsync(attempt, attempt.Hold(ceiling, lasting), chain);
            }

            return ResultOf(call, outcome, ceiling);
        }
        catch (StoreUnavailableException unavailable)
        {
            outages.See("holds", unavailable.Message);
            if (unavailable.Effect is StoreEffect.Unknown) await ReleaseAsync(attempt);
            return HoldResult.Refuse(new(ApiError.StoreUnavailable));
        }
    }

    /// <summary>Ends the hold of an attempt that never reached its provider.</summary>
    public ValueTask<Outcome?> ReleaseAsync(GatewayAttempt attempt) => spool.FinishAsync(new Command.Release(attempt.Id));

    private ValueTask<Outcome> SubmitAsync(GatewayAttempt attempt, Command.PlaceHold hold, EnvelopeChain? chain) =>
        chain is null ? ledger.SubmitAsync(hold, CancellationToken.None) : chain.SubmitAsync(hold, attempt.Step);

    private HoldResult ResultOf(GatewayCall call, Outcome outcome, Amount ceiling)
    {
        switch (outcome)
        {
            case Outcome.Done done: return HoldResult.Placed(done.Figures);
            case Outcome.Replayed done: return HoldResult.Placed(done.Figures);
            case Outcome.Refused refused:
                refusals.See(call.Caller.Spender.Key.Org, refused, ceiling);
                return HoldResult.Refuse(CostCaps.Refuse(call, refused, ceiling) ?? HoldRefusal.Of(refused, ceiling));
            default: throw new UnreachableException($"No answer for {outcome}.");
        }
    }

    private static TimeSpan LifetimeOf(GatewayCall call, GatewayAttempt attempt) =>
        call.Request.Background ? BackgroundMax : attempt.Target.Timeouts.Total + call.Routes.Options.Gateway.DrainTimeout + Margin;

    /// <summary>The request's own header outranks the configuration.</summary>
    private static bool MayClamp(GatewayCall call) => call.Context.Request.Headers["Tieout-On-Short"].ToString() switch
    {
        "clamp" => true,
        "refuse" => false,
        _ => call.Routes.Options.Gateway.OnShort is OnShort.Clamp,
    };

    private static void Apply(GatewayCall call, OutputClamp clamp)
    {
        call.OutputTokensMax = clamp.OutputTokens;
        call.Context.Response.Headers["Tieout-Clamped"] = clamp.OutputTokens.ToString(CultureInfo.InvariantCulture);
    }
}
