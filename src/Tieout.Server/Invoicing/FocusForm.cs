using System.Globalization;
using Tieout.Core.Invoicing.Focus;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Server.Errors;
using Tieout.Server.Http;

namespace Tieout.Server.Invoicing;

/// <summary>Which columns and rows an export of FOCUS has.</summary>
internal enum FocusProfile
{
    /// <summary>FOCUS 1.3: a row for each charge posting.</summary>
    Released,

    /// <summary>The draft of FOCUS 1.5: a row for each class of tokens, with its unit price, and who used them.</summary>
    Draft,
}

/// <summary>What an export of FOCUS was asked for with, beside its filter.</summary>
/// <param name="Issuer">Who issues the invoices.</param>
internal sealed record FocusForm(string Issuer, FocusProfile Profile, FocusMoney Money)
{
    public const string IssuerDefault = "Tieout";

    private const string Draft = "1.5-draft";

    /// <param name="given">The value of a parameter; null: it is not given.</param>
    /// <exception cref="ApiRefusedException">A parameter is invalid.</exception>
    public static FocusForm Read(Func<string, string?> given, OrgState org)
    {
        var profile = given("profile") switch
        {
            null or FocusModel.Version => FocusProfile.Released,
            Draft => FocusProfile.Draft,
            var other => throw Refused($"'{Inputs.Shown(other)}' is no profile of FOCUS: write {FocusModel.Version} or {Draft}."),
        };
        return new(given("issuer") ?? IssuerDefault, profile, FocusMoney.Read(given, org));
    }

    internal static ApiRefusedException Refused(string detail) => new(ApiError.ParameterInvalid, detail);
}

/// <summary>The currencies of an org's costs. FOCUS bills in national currencies: amounts of the platform's own unit are prices in a virtual
/// currency.</summary>
/// <param name="Asset">What the ledger's amounts are amounts of.</param>
/// <param name="Billing">A national currency.</param>
/// <param name="UnitPrice">What one unit of the virtual currency costs in the national one; null: the asset is a national currency.</param>
internal sealed record FocusMoney(string Asset, string Billing, decimal? UnitPrice)
{
    /// <summary>ISO 4217: no currency. Costs in it are zero, for nobody said what a unit costs.</summary>
    private const string NoCurrency = "XXX";

    private const string Plain = "0.############################";

    public bool IsVirtual => UnitPrice is not null;

    /// <inheritdoc cref="FocusForm.Read"/>
    public static FocusMoney Read(Func<string, string?> given, OrgState org)
    {
        var (currency, price, asset) = (given("billing_currency"), given("credit_price"), org.Org.Asset);
        if (FocusModel.IsNationalCurrency(asset))
        {
            return currency is null && price is null
                ? new(asset, asset, UnitPrice: null)
                : throw FocusForm.Refused($"The org's amounts are in {asset} already: leave out billing_currency and credit_price.");
        }

        if (currency is null && price is null) return new(asset, NoCurrency, 0);
        if (currency is null || !FocusModel.IsNationalCurrency(currency))
        {
            throw FocusForm.Refused($"'{Inputs.Shown(currency)}' is no billing_currency: write a code of ISO 4217 such as USD, with credit_price.");
        }

        return new(asset, currency, Inputs.Positive(Inputs.Amount(price, "credit_price"), "credit_price", zeroIsFine: true).ToDecimal());
    }

    /// <summary>What an amount of the ledger costs in the national currency.</summary>
    public string Cost(Amount amount) => UnitPrice is { } price ? Text(amount.ToDecimal() * price) : amount.ToString();

    /// <summary>What is billed for a charge. Units of a virtual currency were billed when they were bought.</summary>
    public string Billed(Amount amount) => IsVirtual ? "0" : amount.ToString();

    public static string Text(decimal number) => number.ToString(Plain, CultureInfo.InvariantCulture);
}
