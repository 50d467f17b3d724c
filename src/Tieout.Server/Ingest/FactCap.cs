using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Ingest;

/// <summary>How far the usage of one call may go beyond a hard limit: the platform's without end, a key's within its caps, and only with
/// <see cref="KeyScope.UsageFacts"/>.</summary>
internal sealed class FactCap(Caller caller)
{
    private readonly KeyTerms _terms = caller.Key?.Terms ?? KeyTerms.None;
    private readonly bool _mayPass = caller.IsPlatform || (caller.Key?.Terms ?? KeyTerms.None).Allows(KeyScope.UsageFacts);

    private Amount _called;

    /// <summary>The charge of one item of the call.</summary>
    public Command.Charge Charge(PricedUsage usage)
    {
        if (caller.IsPlatform) return new(usage, Fact: true);
        if (!_mayPass || usage.Charge > _terms.FactsPerCall - _called) return new(usage, Fact: false);
        _called += usage.Charge;
        return new(usage, Fact: true) { BeyondMax = _terms.FactsPerDay };
    }

    /// <summary>Why an item was refused, and what its sender can do.</summary>
    public string Detail(Command.Charge charge, Outcome.Refused refused)
    {
        var title = refused.Reason.Error.Title;
        if (caller.IsPlatform || (refused.Reason != Refusal.InsufficientBalance && refused.Reason != Refusal.BudgetExhausted)) return title;
        var passed = refused.Left is { } left
            ? $"The charge is {charge.Usage.Charge}, and the {(refused.Reason is Refusal.BudgetExhausted ? $"budget {refused.Limit}" : refused.Limit)} has {left} left." : title;
        return _mayPass
            ? $"{passed} The key can pass a limit by at most {_terms.FactsPerCall} a call and {_terms.FactsPerDay} a day."
            : $"{passed} A key can pass a limit only with the scope {KeyScope.UsageFacts}.";
    }
}
