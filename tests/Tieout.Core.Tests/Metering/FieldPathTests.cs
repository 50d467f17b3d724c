using System.Text.Json;
using Tieout.Core.Metering;

namespace Tieout.Core.Tests.Metering;

public sealed class FieldPathTests
{
    private static readonly JsonElement Body = JsonDocument.Parse("""
        {"a":{"b":1,"none":null},"list":[{"kind":"TEXT"},{"kind":"audio","n":2},{"kind":"AUDIO","n":3}],"text":"x"}
        """).RootElement;

    [Theory]
    [InlineData("a.b", true, "1")]
    [InlineData("a.c", true, "")]
    [InlineData("c.b", true, "")]
    [InlineData("a.none", true, "")]
    [InlineData("a.none.b", true, "")]
    [InlineData("text.b", false, "")]
    [InlineData("list.b", false, "")]
    [InlineData("a[kind=AUDIO].n", false, "")]
    [InlineData("list[kind=AUDIO].n", true, "2")]
    [InlineData("list[kind=TEXT].n", true, "")]
    [InlineData("list[kind=VIDEO].n", true, "")]
    public void A_path_finds_a_value_or_nothing_or_another_shape(string path, bool shapely, string found)
    {
        Assert.Equal(shapely, FieldPath.Parse(path).TryFind(Body, out var value));
        if (shapely) Assert.Equal(found, value.ValueKind is JsonValueKind.Undefined ? "" : value.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a..b")]
    [InlineData("a[kind]")]
    [InlineData("[kind=x]")]
    [InlineData("a[kind=x")]
    public void What_is_no_path_is_refused(string text) => Assert.Throws<FormatException>(() => FieldPath.Parse(text));
}
