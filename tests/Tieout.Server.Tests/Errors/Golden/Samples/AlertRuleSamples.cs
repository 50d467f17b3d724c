namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>Alert rules that the API refuses.</summary>
internal static class AlertRuleSamples
{
    public static IReadOnlyList<GoldenSample> All { get; } =
    [
        new("alert_rule_invalid", "A threshold of spend needs an amount.", """
            PUT /api/v1/orgs/acme/alert-rules/hour

            {"kind":"threshold","measure":"spend","count":5,"owner":"ann","reason":"The hour is dear."}
            """),
        new("alert_rule_not_found", "There is no alert rule r-9.", "GET /api/v1/orgs/acme/alert-rules/r-9"),
    ];
}
