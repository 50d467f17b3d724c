using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Tieout.Analysis.Change;
using Tieout.Server.Attribution;
using Tieout.Server.Attribution.Contracts;
using Tieout.Server.Budgets;
using Tieout.Server.Configuration;
using Tieout.Server.Governor;
using Tieout.Server.Guard;
using Tieout.Server.Http;
using Tieout.Server.Incidents;
using Tieout.Server.Ingest;
using Tieout.Server.Invoicing;
using Tieout.Server.Invoicing.Shared;
using Tieout.Server.Jobs;
using Tieout.Server.Ledger;
using Tieout.Server.Metering;
using Tieout.Server.Outbox;
using Tieout.Server.Pricing;
using Tieout.Server.Reconciliation;
using Tieout.Server.Reconciliation.Bills;
using Tieout.Server.Reconciliation.Journals;
using Tieout.Server.Reconciliation.Lineages;
using Tieout.Server.Reconciliation.SelfCheck;
using Tieout.Server.Reconciliation.Surfaces;
using Tieout.Server.Runtime;
using Tieout.Server.Spike;
using Tieout.Server.Spike.FollowUp;
using Tieout.Server.Spike.Mitigations;
using Tieout.Server.Spike.Rules;
using Tieout.Server.Tenancy;
using Tieout.Server.Tracing;
using Tieout.Server.Triage;
using Tieout.Server.Triage.Packets;

namespace Tieout.Server.Hosting;

/// <summary>The API under <c>/api/v1</c>: what can be asked of the ledger, and nothing that the ledger does not know itself.</summary>
public static class ApiEndpoints
{
    /// <summary>What the API stands on. Needs <see cref="Storage.ILedger"/> and <see cref="TimeProvider"/> beside it.</summary>
    /// <param name="adminToken">Null: nobody administers over HTTP.</param>
    public static IServiceCollection AddApi(this IServiceCollection services, string? adminToken)
    {
        services.AddSingleton(new AdminToken(adminToken));
        services.TryAddSingleton<CurrentKeys>();
        services.TryAddSingleton<CurrentPrices>();
        services.AddGuard();
        services.TryAddSingleton<CurrentContracts>();
        services.TryAddSingleton<CostTraces>();
        services.TryAddSingleton<RefusedTraces>();
        services.AddHostedService<TraceWarmUp>();
        services.AddSingleton<IUsageExport, UsageCsv>();
        services.AddSingleton<IUsageExport, UsageJsonLines>();
        services.AddSingleton<IUsageExport, FocusUsage>();
        services.AddSingleton<IUsageExport, FocusParquet>();
        services.AddSingleton<IncidentBook>();
        services.AddSingleton<EvidenceCapture>();
        services.AddSingleton<BillTies>();
        services.AddSingleton<SurfaceReader>();
        services.AddSingleton<SurfaceTies>();
        services.AddHostedService<SurfaceWorker>();
        services.AddSingleton<ReconciliationRun>();
        services.AddSingleton<FindingCorrection>();
        services.AddSingleton<IDailyJob, ReconciliationJob>();
        services.AddSingleton<LineageAudits>();
        services.AddSingleton<LineageHours>();
        services.AddHostedService<LineageWorker>();
        services.AddSingleton<TriageRun>();
        services.AddSingleton<ReviewPacket>();
        services.TryAddSingleton(provider => provider.GetService<ServerOptions>()?.Spike is { } spike
            ? new AttemptClasses(spike.HiddenTriggers, spike.ToolRetryTriggers) : AttemptClasses.Default);
        services.AddSingleton<SpikeRun>();
        services.AddSingleton<SpikeWatch>();
        services.AddSingleton<SpikeVerdicts>();
        services.AddSingleton<SpikeIncidents>();
        services.AddHostedService(provider => provider.GetRequiredService<SpikeIncidents>());
        services.AddSingleton<CurrentAlertRules>();
        services.AddSingleton<AlertRuleChanges>();
        services.AddSingleton<AlertRuleWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<AlertRuleWatch>());
        services.AddSingleton<MitigationChanges>();
        services.AddSingleton<MitigationPreview>();
        services.AddSingleton<MitigationSuggestions>();
        services.AddSingleton<MitigationEffectReport>();
        services.AddSingleton<MitigationExpiry>();
        services.AddHostedService(provider => provider.GetRequiredService<MitigationExpiry>());
        services.AddHostedService(provider => provider.GetRequiredService<SpikeWatch>());
        services.AddSingleton<IDailyJob, LineageJob>();
        services.AddHostedService<RuntimeWorker>();
        services.AddHostedService<FollowerWorker>();
        services.AddHostedService<LedgerWatch>();
        services.AddSingleton<DetachJob>();
        services.AddHostedService(provider => provider.GetRequiredService<DetachJob>());
        return services;
    }

    public static IEndpointRouteBuilder MapApi(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup(ApiPath.Root).WithMetadata(StoredRead.Mark).AddEndpointFilter<RouteGroupBuilder, ApiErrorFilter>()
            .AddEndpointFilter<RouteGroupBuilder, ProposalFilter>().AddEndpointFilter<RouteGroupBuilder, AuditedCalls>()
            .AddEndpointFilter<RouteGroupBuilder, GuardedCalls>();
        api.MapOrgs();
        api.MapKeys();
        api.MapBudgets();
        api.MapMoney();
        api.MapUsage();
        api.MapDistributions();
        api.MapToolCalls();
        api.MapOperations();
        api.MapTraces();
        api.MapHolds();
        api.MapFindings();
        api.MapIncidents();
        api.MapInvoices();
        api.MapIssued();
        api.MapSpend();
        api.MapSharedCosts();
        api.MapCosts();
        api.MapCostReconciliation();
        api.MapBudgetReconciliation();
        api.MapFailures();
        api.MapReconciliations();
        api.MapLineages();
        api.MapTriage();
        api.MapPackets();
        api.MapSpike();
        api.MapMitigations();
        api.MapAlertRules();
        api.MapTies();
        api.MapSurfaces();
        api.MapJournals();
        api.MapPrices();
        api.MapRuntimes();
        api.MapEnvelopes();
        api.MapEnvelopeKeys();
        api.MapContracts();
        api.MapQuarantinedEvents();
        api.MapGuard();
        api.MapTokens();
        api.MapAudit();
        api.MapProposals();
        api.MapWebhooks();
        api.MapOutbox();
        api.MapLedgerHealth();
        api.MapQuarantine();
        api.MapDetachments();
        return routes;
    }
}
