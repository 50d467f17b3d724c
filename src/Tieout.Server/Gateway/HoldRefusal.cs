using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway;

/// <summary>Step 4: the error that a client gets when account or budgets have too little left for its request.</summary>
internal static class HoldRefusal
{
    public static GatewayRefusal Of(Outcome.Refused refused, Amount ceiling) => refused.Reason switch
    {
        Refusal.InsufficientBalance => new(ApiError.InsufficientBalance, $"The request may cost up to {ceiling}, and the balance has {refused.Left} left."),
        Refusal.BudgetExhausted =>
            new(ApiError.BudgetExhausted, $"The request may cost up to {ceiling}, and the budget {refused.Limit} has {refused.Left} left."),
        _ => new(refused.Reason.Error, refused.LimitDetail),
    };
}
