using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Tieout.Core.Invoicing.Focus;

/// <summary>Value formats of FOCUS, as far as one cell shows them.</summary>
internal static partial class FocusFormats
{
    /// <summary>What some exporters write for a cell without a value. NullHandling wants an empty cell.</summary>
    private static readonly HashSet<string> Placeholders = new(StringComparer.OrdinalIgnoreCase) { "NULL", "N/A", "None", "Not Applicable" };

    /// <summary>ISO 4217, funds and metals included.</summary>
    private static readonly HashSet<string> Currencies = new(
        """
        AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC
        CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR
        KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP
        PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI
        UYU UYW UZS VED VES VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWL
        """.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal);

    public static bool IsNumber(string cell) => FocusNumber.Read(cell) is not null;

    /// <summary>UTC to the second, as in 2026-11-30T00:00:00Z.</summary>
    public static bool IsTime(string cell) => DateTime.TryParseExact(
        cell, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out _);

    /// <summary>Valid Unicode that is not only spaces and no placeholder of a missing value.</summary>
    public static bool IsText(string cell) =>
        !string.IsNullOrWhiteSpace(cell) && !Placeholders.Contains(cell) && !cell.Contains('\uFFFD', StringComparison.Ordinal);

    /// <summary>Words in capitals, with a count before them or a time unit after them: Tokens, 1000000 Tokens, GB-Hours, Users/Month.</summary>
    public static bool IsUnit(string cell) => Unit().IsMatch(cell);

    public static bool IsNationalCurrency(string cell) => Currencies.Contains(cell);

    /// <summary>An object of single values.</summary>
    public static bool IsKeyValue(string cell) => Parse(cell) is { } json && IsKeyValue(json);

    public static bool IsKeyValue(JsonElement json) => json.ValueKind == JsonValueKind.Object
        && json.EnumerateObject().All(pair => pair.Value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array));

    public static bool IsObject(string cell) => Parse(cell) is { ValueKind: JsonValueKind.Object };

    /// <returns>Null: no JSON, or an object has a key twice.</returns>
    public static JsonElement? Parse(string cell)
    {
        try
        {
            using var json = JsonDocument.Parse(cell, new() { AllowDuplicateProperties = false });
            return json.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    [GeneratedRegex("^([0-9]+ )?[A-Z][A-Za-z-]*( [A-Z][A-Za-z-]*)*(/[A-Z][A-Za-z-]*)?$")]
    private static partial Regex Unit();
}
