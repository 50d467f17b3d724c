namespace Tieout.Core.Pricing;

/// <summary>The price list that comes with the program.</summary>
/// <remarks>
/// Figures of genai-prices, Copyright (c) Pydantic Services Inc., MIT; the licence lies beside the file. A test generates
/// the file anew from the source data and compares.
/// </remarks>
public static class BuiltinPrices
{
    public const string Name = "builtin";

    /// <summary>The day of the source data.</summary>
    public const string Version = "2026-08-21";

    public const string Notice = "Prices, names and paths are taken from genai-prices, Copyright (c) Pydantic Services Inc. 2025 to present, MIT licence.";

    private static readonly Lazy<PriceCatalogue> Read = new(() =>
    {
        using var resource = typeof(BuiltinPrices).Assembly.GetManifestResourceStream("builtin-prices.json")!;
        var file = new byte[resource.Length];
        resource.ReadExactly(file);
        return PriceCatalogueJson.Read(file);
    });

    public static PriceCatalogue Catalogue => Read.Value;
}
