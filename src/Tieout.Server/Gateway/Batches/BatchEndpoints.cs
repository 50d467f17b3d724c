using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Tieout.Server.Gateway.Batches;

/// <summary>The addresses of files and batches.</summary>
internal static class BatchEndpoints
{
    public static void AddBatches(this IServiceCollection services)
    {
        services.AddSingleton<KeptAtProvider>();
        services.AddSingleton<BatchHolds>();
        services.AddSingleton<BatchSettlement>();
        services.AddSingleton<BatchSending>();
        services.AddSingleton<FilesGateway>();
        services.AddSingleton<BatchesGateway>();
        services.AddHostedService<BatchPolls>();
    }

    public static void MapFiles(this IEndpointRouteBuilder routes, string at, FilesGateway files)
    {
        routes.MapPost($"{at}/files", (RequestDelegate)files.CreateAsync);
        routes.MapGet($"{at}/files", (RequestDelegate)files.ListAsync);
        routes.MapGet($"{at}/files/{{id}}", (RequestDelegate)files.ReadAsync);
        routes.MapDelete($"{at}/files/{{id}}", (RequestDelegate)files.DeleteAsync);
        routes.MapGet($"{at}/files/{{id}}/content", (RequestDelegate)files.ContentAsync);
    }

    public static void MapBatches(this IEndpointRouteBuilder routes, string at, BatchesGateway batches)
    {
        routes.MapPost($"{at}/batches", (RequestDelegate)batches.CreateAsync);
        Map(routes, $"{at}/batches", batches, OpenAiBatches.Instance);
    }

    public static void MapMessageBatches(this IEndpointRouteBuilder routes, string at, BatchesGateway batches)
    {
        var path = $"{at}/messages/batches";
        routes.MapPost(path, (RequestDelegate)batches.CreateMessagesAsync);
        routes.MapGet($"{path}/{{id}}/results", (RequestDelegate)batches.ResultsAsync);
        routes.MapDelete($"{path}/{{id}}", (RequestDelegate)(context => batches.ReadAsync(context, AnthropicBatches.Instance)));
        Map(routes, path, batches, AnthropicBatches.Instance);
    }

    private static void Map(IEndpointRouteBuilder routes, string path, BatchesGateway batches, BatchApi api)
    {
        routes.MapGet(path, (RequestDelegate)(context => batches.ListAsync(context, api)));
        routes.MapGet($"{path}/{{id}}", (RequestDelegate)(context => batches.ReadAsync(context, api)));
        routes.MapPost($"{path}/{{id}}/cancel", (RequestDelegate)(context => batches.ReadAsync(context, api)));
    }
}
