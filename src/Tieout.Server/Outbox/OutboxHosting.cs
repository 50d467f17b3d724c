using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Gateway;
using Tieout.Server.Jobs;
using Tieout.Server.Ledger;
using Tieout.Server.Outbox.Channels;

namespace Tieout.Server.Outbox;

/// <summary>What tells the world what happened.</summary>
internal static class OutboxHosting
{
    public static void AddOutbox(this IServiceCollection services)
    {
        services.AddSingleton<Announcements>();
        services.AddHostedService(provider => provider.GetRequiredService<Announcements>());
        services.AddSingleton<RefusalNews>();
        services.AddSingleton<WebhookSender>();
        services.AddSingleton<MailSender>();
        services.AddSingleton<ChannelSender>();
        services.AddHostedService<Relay>();
        services.AddSingleton<AlertBook>();
        services.AddSingleton<Alerts>();
        services.AddHostedService(provider => provider.GetRequiredService<Alerts>());
        services.AddSingleton<ContractBurnWorker>();
        services.AddHostedService(provider => provider.GetRequiredService<ContractBurnWorker>());
        services.AddHostedService<DailyJobs>();
        services.AddSingleton<IDailyJob, DeliveriesKept>();
        services.AddSingleton<IDailyJob, RefusedRequestsExpiry>();
    }
}
