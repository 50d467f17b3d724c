using System.Reflection;
using System.Text.RegularExpressions;
using Tieout.Core.Ledger;
using Tieout.Server.Errors;

namespace Tieout.Server.Tests.Errors;

/// <summary>The catalogue is whole: clients switch on its codes.</summary>
public sealed partial class ErrorCatalogueTests
{
    [Fact]
    public void Every_row_is_listed_once_with_a_code_of_its_own()
    {
        var rows = typeof(ApiError).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => field.GetValue(null)).OfType<ApiError>().ToList();

        Assert.Equal(rows.Select(row => row.Code).Order(StringComparer.Ordinal), ApiError.All.Select(row => row.Code).Order(StringComparer.Ordinal));
        Assert.Equal(rows.Count, rows.Select(row => row.Code).Distinct().Count());
        Assert.All(rows, row =>
        {
            Assert.Matches(SnakeCase(), row.Code);
            Assert.InRange(row.Status, 400, 599);
            Assert.EndsWith(".", row.Title, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Every_refusal_of_the_ledger_has_a_row() =>
        Assert.All(Enum.GetValues<Refusal>(), refusal => Assert.Contains(refusal.Error, ApiError.All));

    [GeneratedRegex("^[a-z]+(_[a-z]+)*$")]
    private static partial Regex SnakeCase();
}
