using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;

namespace Tieout.Core.Ledger;

/// <summary>A usage record with its price.</summary>
/// <param name="Price">The price it was charged at, complete, so that the charge can be recomputed (M3); null: no price is known.</param>
/// <param name="ProviderCost">What the provider takes.</param>
/// <param name="Charge">What the org pays; zero or more.</param>
public sealed record PricedUsage(UsageRecord Usage, ResolvedPrice? Price, Amount ProviderCost, Amount Charge);
