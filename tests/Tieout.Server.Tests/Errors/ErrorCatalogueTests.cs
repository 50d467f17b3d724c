using System.Reflection;
using System.Text.RegularExpressions;
using Tieout.Core.Ledger;
using Tieout.Server.Errors;

namespace Tieout.Server.Tests.Errors;

/// <summary>The catalogue is whole: clients switch on its codes.</summary>
public sealed partial class ErrorCatalogueTests
{
    private static readonly IReadOnlyList<ApiError> Rows =
        [.. typeof(ApiError).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => field.GetValue(null)).OfType<ApiError>()];

    [Fact]
    public void Every_row_has_a_code_of_its_own_and_a_sentence()
    {
        Assert.Equal(Rows.Count, Rows.Select(row => row.Code).Distinct().Count());
        Assert.All(Rows, row =>
        {
            Assert.Matches(SnakeCase(), row.Code);
            Assert.InRange(row.Status, 400, 599);
            Assert.EndsWith(".", row.Title, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Every_refusal_of_the_ledger_has_a_row() =>
        Assert.All(Enum.GetValues<Refusal>(), refusal => Assert.Contains(refusal.Error, Rows));

    [GeneratedRegex("^[a-z]+(_[a-z]+)*$")]
    private static partial Regex SnakeCase();
}
