using System.Text;
using Tieout.Core.Pricing;

namespace Tieout.Core.Tests.Pricing;

public sealed class PriceBookTests
{
    // The built-in list names both models; ours names one, in two versions.
    private static readonly PriceBook Book = new([
        List("builtin", "1", null, ("a", 1), ("b", 1)),
        List("ours", "1", "2026-02-01", ("a", 2), ("c", 2)),
        List("ours", "2", "2026-03-01", ("a", 3)),
        List("ours", "3", "2026-03-01", ("a", 4)),
        List("builtin", "2", "2026-04-01", ("a", 5), ("b", 5)),
    ]);

    [Theory]
    [InlineData(1, "a", "builtin@1")]
    [InlineData(2, "a", "ours@1")]
    [InlineData(2, "b", "builtin@1")]
    [InlineData(2, "c", "ours@1")]
    [InlineData(3, "a", "ours@3")]
    [InlineData(3, "c", null)]
    [InlineData(3, "b", "builtin@1")]
    [InlineData(4, "a", "builtin@2")]
    [InlineData(4, "b", "builtin@2")]
    public void The_list_that_became_effective_last_answers_first(int month, string model, string? list) =>
        Assert.Equal(list, Book.Find("p", model, At(month), PricePolicy.AtCost).Price?.List);

    [Fact]
    public void An_unknown_model_is_refused_or_by_policy_admitted_without_a_price()
    {
        var refused = Book.Find("p", "x", At(1), PricePolicy.AtCost);
        var admitted = Book.Find("p", "x", At(1), new(unknownModel: UnknownModel.AdmitUnpriced));

        Assert.Equal((null, true), (refused.Price, refused.IsRefused));
        Assert.Equal((null, false, true), (admitted.Price, admitted.IsRefused, admitted.AdmitUnpriced));
    }

    [Fact]
    public void An_answer_brings_the_limits_of_the_model_along() =>
        Assert.Equal((128_000, null), (
            PriceBook.Builtin.Find("openai", "gpt-4o", At(8), PricePolicy.AtCost).Limits.ContextWindow,
            Book.Find("p", "a", At(8), PricePolicy.AtCost).Limits.ContextWindow));

    [Fact]
    public void How_to_read_a_response_is_known_by_provider_and_flavor()
    {
        Assert.Equal("chat", PriceBook.Builtin.Extractor("OpenAI", "chat")!.Flavor);
        Assert.Null(PriceBook.Builtin.Extractor("openai", "morse"));
        Assert.Null(PriceBook.Builtin.Extractor("nobody", "chat"));
    }

    [Fact]
    public void The_same_question_gets_the_same_instance_also_for_an_equal_policy() =>
        Assert.Same(
            Book.Find("p", "a", At(1), new(1.5m)).Price,
            Book.Find("P", "A", At(2) - TimeSpan.FromDays(1), new(1.50m)).Price);

    private static Instant At(int month) => Instant.From(new(2026, month, 1, 0, 0, 0, TimeSpan.Zero));

    private static PriceCatalogue List(string name, string version, string? effective, params (string Model, int Rate)[] models) =>
        PriceCatalogueJson.Read(Encoding.UTF8.GetBytes($$"""
            {"format":"tieout-prices/1","list":"{{name}}","version":"{{version}}",{{(effective is null ? "" : $"\"effective\":\"{effective}\",")}}"asset":"USD",
             "providers":[{"id":"p","models":[{{string.Join(',', models.Select(model => $$$"""{"id":"{{{model.Model}}}","match":"{{{model.Model}}}","rates":{"input_tokens":"{{{model.Rate}}}"}}"""))}}]}]}
            """));
}
