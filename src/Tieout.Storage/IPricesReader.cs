using Tieout.Core.Pricing;

namespace Tieout.Storage;

/// <summary>Prices that usage was charged at.</summary>
public interface IPricesReader
{
    /// <summary>The price that a usage record of the org names by its number; null: there is none.</summary>
    Task<ResolvedPrice?> PriceAsync(string org, int number, CancellationToken cancellationToken);
}
