using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Attribution;

namespace Tieout.Server.Attribution;

internal static class AttributionServices
{
    /// <param name="secret">Null: no envelope is issued, and none is believed.</param>
    public static void AddAttribution(this IServiceCollection services, EnvelopeSecret? secret)
    {
        services.AddSingleton(new EnvelopeSecretOf(secret));
        services.AddSingleton<EnvelopeKeys>();
        services.AddHostedService(provider => provider.GetRequiredService<EnvelopeKeys>());
        services.AddSingleton<EnvelopeIssuer>();
        services.AddSingleton<EnvelopeVerifier>();
        services.AddSingleton<IdentityFindings>();
        services.AddHostedService(provider => provider.GetRequiredService<IdentityFindings>());
    }
}
