namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>Requests that are not in the form that their address accepts.</summary>
internal static class RequestSamples
{
    private const int ItemsTooMany = 10_001;

    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("body_malformed", "The member is misspelt.", """
            POST /api/v1/orgs/acme/topups

            {"id":"topup-1","amonut":"10"}
            """),
        new("body_too_large", "{spaces} is 70,000 spaces.", """
            POST /api/v1/orgs/acme/topups

            {spaces}
            """, world =>
            {
                world["spaces"] = new string(' ', 70_000);
                return Task.CompletedTask;
            }),
        new("media_type_unsupported", "The body is packed with a coding of old.", """
            POST /api/v1/usage
            Content-Encoding: compress

            []
            """),
        new("too_many_items", "{items} is an array of 10,001 items.", """
            POST /api/v1/usage

            {items}
            """, world =>
            {
                world["items"] = $"[{string.Join(',', Enumerable.Repeat("{}", ItemsTooMany))}]";
                return Task.CompletedTask;
            }),
        new("header_invalid", "The name of the project has a space.", """
            POST /v1/chat/completions
            Tieout-Project: web shop

            {"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}]}
            """),
        new("parameter_invalid", "The parameter is misspelt.", "GET /api/v1/orgs/acme/usage?modle=gpt-4o"),
        new("not_found", "The address does not exist.", "GET /api/v1/orgs/acme/invoice"),
        new("method_not_allowed", "An org cannot be deleted.", "DELETE /api/v1/orgs/acme"),
        new("name_invalid", "The name has a space.", """
            POST /api/v1/orgs

            {"id":"web shop","asset":"USD","billing":"prepaid"}
            """),
        new("amount_invalid", "The amount has a thousands separator.", """
            POST /api/v1/orgs/acme/topups

            {"id":"topup-1","amount":"1,000"}
            """),
        new("amount_not_positive", "The amount is negative.", """
            POST /api/v1/orgs/acme/topups

            {"id":"topup-1","amount":"-10"}
            """),
        new("amount_too_large", "The amount is above the most that one command may move.", """
            POST /api/v1/orgs/acme/topups

            {"id":"topup-1","amount":"10000000000"}
            """),
        new("webhook_invalid", "The address is in a private network.", """
            POST /api/v1/webhooks

            {"url":"https://10.0.0.1/hooks"}
            """),
        new("webhook_not_found", "There is no webhook wh-1.", "POST /api/v1/webhooks/wh-1/remove"),
    ];
}
