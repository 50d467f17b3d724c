using Tieout.Core;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Pricing;
using Tieout.Server.Reconciliation.SelfCheck;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.Bills;

/// <summary>Compares the ledger with a provider's bill. What it is off by is a finding under an id of the bill's: opened, brought up to date, and ended when it
/// ties.</summary>
internal sealed class BillTies(ILedger ledger, CurrentPrices prices, ReconciliationRun reconciling)
{
    /// <param name="surface">The configured bill that it is; null: a file, known by its format, provider and range.</param>
    /// <param name="keepsFinding">False: nothing is written.</param>
    /// <exception cref="ApiRefusedException">It is not the bill that it is said to be.</exception>
    public async Task<TieBody> TieAsync(
        BillFormat format, TieRequest request, Stream file, string? surface, bool keepsFinding, CancellationToken cancellationToken)
    {
        var asOf = ledger.Read.AsOf;

        // Bills are in dollars; what orgs of other assets use is priced in those, and cannot be added.
        var orgs = request.Org is { } one ? [one] : ledger.Read.Orgs.Where(org => org.Org.Asset == Asset.Usd.Code).ToArray();
        if (orgs.FirstOrDefault(org => org.Org.Asset != Asset.Usd.Code) is { } other && !format.IsCounts)
        {
            throw new ApiRefusedException(ApiError.ParameterInvalid, $"{other.Org.Id} spends in {other.Org.Asset}; bills are in USD.");
        }

        var book = request.Org is { } priced ? prices.Of(priced.Org.Id)!.Book : prices.Get().Shared;
        var compared = await new BillComparison(format, request, orgs, ledger.Read, new(book)).CompareAsync(file, cancellationToken);
        var finding = await KeepAsync(format, request, compared, surface, keepsFinding, cancellationToken);
        return TieEndpoints.Body(
            request, compared.Spec, compared.Tie, format.IsCounts ? "count" : "provider_cost", "UTC", compared.Bill.Rows, compared.Bill.LeftOut, asOf) with
        {
            Quarantine = compared.Bill.Quarantine,
            Finding = finding,
        };
    }

    private async Task<TieFindingBody?> KeepAsync(
        BillFormat format, TieRequest request, ComparedBill compared, string? surface, bool keepsFinding, CancellationToken cancellationToken)
    {
        var org = request.Org?.Org.Id ?? "";
        var key = string.Join(',', request.Spec.Columns.Select(column => TieSpec.Name(column.Field)));
        var provider = request.Provider ?? format.Provider;

        // A configured bill grows from day to day and stays the same bill; of a file, the range says which one it is.
        var (bill, right) = surface is null
            ? ($"{format.Name}/{provider ?? "any"}/{compared.From}/{compared.To}",
                $"FILE --right-format {format.Name} --key {key}{(request.Provider is null ? "" : $" --provider {request.Provider}")}{(org.Length == 0 ? "" : $" --org {org}")}")
            : ($"surface/{surface}/{compared.From}", $"surface:{surface}");
        var found = BillRules.Variance(org, bill, format.IsCounts ? "counts of tokens and requests" : Asset.Usd.Code, compared.Tie,
            $"tie --right {right} --from {compared.From} --to {compared.To}");
        var id = found?.Id ?? Finding.IdOf(FindingCode.ProviderBillVariance, org, $"bill/{bill}");
        var state = keepsFinding
            ? await reconciling.KeepAsync(org, id, found, cancellationToken) : (await reconciling.Kept.FindAsync(org, id, cancellationToken))?.Finding.State;
        if (found is null)
        {
            return state is null ? null : new(id, FindingCode.ProviderBillVariance.Name, FindingCode.ProviderBillVariance.Severity, state, Finding: null);
        }

        return new(id, found.Code.Name, found.Code.Severity, state ?? TieFindingBody.NotKept, ReconciledFinding.Of(found));
    }
}
