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
        routes.MapGet($"{at}/batches", (RequestDelegate)batches.ListAsync);
        routes.MapGet($"{at}/batches/{{id}}", (RequestDelegate)batches.ReadAsync);
        routes.MapPost($"{at}/batches/{{id}}/cancel", (RequestDelegate)batches.ReadAsync);
    }
}
