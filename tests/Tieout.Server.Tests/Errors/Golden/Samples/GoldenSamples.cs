namespace Tieout.Server.Tests.Errors.Golden.Samples;

/// <summary>All samples. Those of an area are sent in their order; areas do not depend on each other.</summary>
internal static class GoldenSamples
{
    public static IReadOnlyDictionary<string, IReadOnlyList<GoldenSample>> ByArea { get; } = new Dictionary<string, IReadOnlyList<GoldenSample>>
    {
        ["access"] = AccessSamples.All,
        ["requests"] = RequestSamples.All,
        ["tenancy"] = TenancySamples.All,
        ["money"] = MoneySamples.All,
        ["invoicing"] = InvoicingSamples.All,
        ["shared_costs"] = SharedCostSamples.All,
        ["proposals"] = ProposalSamples.All,
        ["reconciliation"] = ReconciliationSamples.All,
        ["envelopes"] = EnvelopeSamples.All,
        ["contracts"] = ContractSamples.All,
        ["guard"] = GuardSamples.All,
        ["mitigations"] = MitigationSamples.All,
        ["alert_rules"] = AlertRuleSamples.All,
        ["ingest"] = IngestSamples.All,
        ["runtimes"] = RuntimeSamples.All,
        ["gateway"] = GatewaySamples.All,
        ["limits"] = LimitSamples.All,
        ["faults"] = FaultSamples.All,
    };
}
