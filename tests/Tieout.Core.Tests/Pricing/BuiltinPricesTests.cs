using Tieout.Core.Pricing;
using Tieout.Tests;

namespace Tieout.Core.Tests.Pricing;

public sealed class BuiltinPricesTests
{
    private const string BuiltinFile = "src/Tieout.Core/Pricing/builtin-prices.json";

    // Goal: the file in the repository is the import of the source data and nothing else.
    // Method: import anew and compare the text. With TIEOUT_REGENERATE=1 the file is written instead.
    [Fact]
    public void The_builtin_list_is_the_import_of_the_source_data()
    {
        var source = File.ReadAllBytes(Repo.SharedData("prices/genai-prices-v2.json"));
        var imported = GenaiPrices.Import(source, BuiltinPrices.Name, BuiltinPrices.Version, effective: null);
        var text = PriceCatalogueJson.Write(imported, BuiltinPrices.Notice);
        if (Environment.GetEnvironmentVariable("TIEOUT_REGENERATE") == "1") File.WriteAllText(Repo.Path(BuiltinFile), text);
        Assert.Equal(text, File.ReadAllText(Repo.Path(BuiltinFile)));
    }

    [Fact]
    public void Reading_and_writing_the_builtin_list_gives_it_back_byte_for_byte() =>
        Assert.Equal(File.ReadAllText(Repo.Path(BuiltinFile)), PriceCatalogueJson.Write(BuiltinPrices.Catalogue, BuiltinPrices.Notice));

    [Fact]
    public void The_licence_of_the_figures_lies_beside_them() =>
        Assert.Contains("Pydantic", File.ReadAllText(Repo.Path("src/Tieout.Core/Pricing/LICENSE-genai-prices")), StringComparison.Ordinal);
}
