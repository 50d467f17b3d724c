using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary>The addresses of the gateway, in the providers' own dialects.</summary>
internal static class GatewayEndpoints
{
    public static void AddGateway(this IServiceCollection services)
    {
        services.AddSingleton<CurrentKeys>();
        services.AddSingleton<Routes>();
        services.AddSingleton<SettlementSpool>();
        services.AddHostedService(provider => provider.GetRequiredService<SettlementSpool>());
        services.AddHostedService<Expiry>();
        services.AddSingleton<ChatGateway>();
        services.AddSingleton<ModelList>();
    }

    public static void MapGateway(this IEndpointRouteBuilder routes)
    {
        var chat = routes.ServiceProvider.GetRequiredService<ChatGateway>();
        var models = routes.ServiceProvider.GetRequiredService<ModelList>();
        routes.MapPost("/v1/chat/completions", (RequestDelegate)chat.AnswerAsync);
        routes.MapGet("/v1/models", (RequestDelegate)models.AnswerAsync);
    }
}
