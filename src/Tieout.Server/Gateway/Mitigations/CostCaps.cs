using Tieout.Core.Ledger;
using Tieout.Core.Money;

namespace Tieout.Server.Gateway.Mitigations;

/// <summary>A cost cap is a hard budget of an hour. This says so to a client that the budget refuses.</summary>
internal static class CostCaps
{
    /// <summary>An hour at most. SDKs that do not know x-should-retry do not wait for so long.</summary>
    private static readonly TimeSpan Wait = TimeSpan.FromHours(1);

    /// <returns>Null: another limit than that of a mitigation refused.</returns>
    public static GatewayRefusal? Refuse(GatewayCall call, Outcome.Refused refused, Amount ceiling)
    {
        if (refused is not { Reason: Refusal.BudgetExhausted, Limit: { } budget }) return null;
        foreach (var standing in call.Mitigations)
        {
            // The id of a budget does not depend on the zone.
            var mitigation = standing.Mitigation;
            if (mitigation.BudgetIn("UTC")?.Id != budget) continue;
            MitigationRefusal.StopRetries(call.Context.Response, mitigation, Wait);
            return MitigationRefusal.CostCap(
                mitigation, $"The request may cost up to {ceiling}, and {refused.Left} of {new Amount(mitigation.Rule.LimitNanos ?? 0)} is left.");
        }

        return null;
    }
}
