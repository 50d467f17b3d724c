using Microsoft.Extensions.DependencyInjection;
using Tieout.Storage;

namespace Tieout.Server.Hosting;

/// <summary>The ledger's readers, one for each kind of figure: code that needs one takes that one, and cannot write.</summary>
internal static class LedgerReaders
{
    /// <summary>Needs <see cref="ILedger"/> beside it.</summary>
    public static void AddLedgerReaders(this IServiceCollection services)
    {
        services.AddSingleton(provider => provider.GetRequiredService<ILedger>().Read);
        services.AddSingleton<ILedgerPosition>(Reader);
        services.AddSingleton<IOrgs>(Reader);
        services.AddSingleton<IUsageReader>(Reader);
        services.AddSingleton<IPricesReader>(Reader);
        services.AddSingleton<IBudgetsReader>(Reader);
        services.AddSingleton<IBalances>(Reader);
        services.AddSingleton<IPostingsReader>(Reader);
        services.AddSingleton<IChainReader>(Reader);
        services.AddSingleton<IRecordsReader>(Reader);
        services.AddSingleton<IAttemptsReader>(Reader);
        services.AddSingleton<IObjectsReader>(Reader);
        services.AddSingleton<IFindingsReader>(Reader);
    }

    private static ILedgerReader Reader(IServiceProvider provider) => provider.GetRequiredService<ILedgerReader>();
}
