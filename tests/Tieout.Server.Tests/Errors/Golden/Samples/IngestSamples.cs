namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>Usage that was measured elsewhere. The code is with the item that is refused; the others are accepted.</summary>
internal static class IngestSamples
{
    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        Item("item_invalid", "The item has no time.", """{"id":"item-1","org":"acme","provider":"openai","model":"gpt-4o","input_tokens":1000}"""),
        Item("usage_missing", "The item has neither a count nor an amount.",
            """{"id":"item-1","org":"acme","occurred_at":"2026-01-01T00:00:00Z","provider":"openai","model":"gpt-4o"}"""),
        Item("count_too_large", "No model reads so many tokens in one call.",
            """{"id":"item-1","org":"acme","occurred_at":"2026-01-01T00:00:00Z","provider":"openai","model":"gpt-4o","input_tokens":900000000000}"""),
        Item("model_not_priced", "No price list has the model gpt-99, and the org's policy refuses models without a price.",
            """{"id":"item-1","org":"acme","occurred_at":"2026-01-01T00:00:00Z","provider":"openai","model":"gpt-99","input_tokens":1000}"""),
        Item("occurred_in_future", "The time is in the future.",
            """{"id":"item-1","org":"acme","occurred_at":"2999-01-01T00:00:00Z","provider":"openai","model":"gpt-4o","input_tokens":1000}"""),
    ];

    private static GoldenSample Item(string code, string state, string item) => new(code, state, $"POST /api/v1/usage\n\n[{item}]");
}
