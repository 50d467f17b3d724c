using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Invoicing;

/// <summary>What one project used of one model in a period. A null name is usage that bore none: it is charged all the same.</summary>
/// <param name="Attempts">Charged attempts.</param>
/// <param name="Charges">Σ its charge postings.</param>
/// <param name="Corrections">Σ re-entries − Σ reversals of charges; below zero: given back.</param>
public sealed record InvoiceLine(
    string? Project, string? Provider, string? Model, UsageSource Source,
    long Attempts, Int128 InputTokens, Int128 OutputTokens, Amount Charges, Amount Corrections)
{
    /// <summary>What the line comes to.</summary>
    public Amount Total => Charges + Corrections;
}
