using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Configuration;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Limits;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary>The addresses of the gateway, in the providers' own dialects.</summary>
internal static class GatewayEndpoints
{
    public static void AddGateway(this IServiceCollection services)
    {
        services.AddSingleton<CurrentKeys>();
        services.AddSingleton<CurrentRoutes>();
        services.AddSingleton<RateLimits>();
        services.AddSingleton<Lineages>();
        services.AddHostedService<ConfigurationWatcher>();
        services.AddSingleton<SettlementSpool>();
        services.AddHostedService(provider => provider.GetRequiredService<SettlementSpool>());
        services.AddHostedService<Expiry>();
        services.AddSingleton<GatewayPipeline>();
        services.AddSingleton<ModelList>();
    }

    public static void MapGateway(this IEndpointRouteBuilder routes)
    {
        var pipeline = routes.ServiceProvider.GetRequiredService<GatewayPipeline>();
        var models = routes.ServiceProvider.GetRequiredService<ModelList>();
        foreach (var at in (ReadOnlySpan<string>)["/v1", "/v1/openai", "/v1/openai/v1"])
        {
            Post($"{at}/chat/completions", new OpenAiChat());
            routes.MapGet($"{at}/models", (RequestDelegate)models.AnswerAsync);
        }

        void Post(string path, Dialects.Endpoint endpoint) => routes.MapPost(path, (RequestDelegate)(context => pipeline.AnswerAsync(context, endpoint)));
    }
}
