using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Tenancy;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Governor;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway.Batches;

/// <summary>Maps the addresses of files and batches.</summary>
internal static class BatchEndpoints
{
    private static readonly Access Scope = Access.Tenant(KeyScope.Batches);

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
        var (access, protocol) = (Access.Tenant(KeyScope.Files), new GatewayProtocol(OpenAiDialect.Instance));
        routes.MapPost($"{at}/files", (RequestDelegate)files.CreateAsync).Allow(access, protocol).WithMetadata(FileUploadBody.Mark);
        routes.MapGet($"{at}/files", (RequestDelegate)files.ListAsync).Allow(access, protocol);
        routes.MapGet($"{at}/files/{{id}}", (RequestDelegate)files.ReadAsync).Allow(access, protocol);
        routes.MapDelete($"{at}/files/{{id}}", (RequestDelegate)files.DeleteAsync).Allow(access, protocol);
        routes.MapGet($"{at}/files/{{id}}/content", (RequestDelegate)files.ContentAsync).Allow(access, protocol);
    }

    public static void MapBatches(this IEndpointRouteBuilder routes, string at, BatchesGateway batches)
    {
        routes.MapPost($"{at}/batches", (RequestDelegate)batches.CreateAsync).Allow(Scope, new GatewayProtocol(OpenAiDialect.Instance));
        Map(routes, $"{at}/batches", batches, OpenAiBatches.Instance);
    }

    public static void MapMessageBatches(this IEndpointRouteBuilder routes, string at, BatchesGateway batches)
    {
        var (path, protocol) = ($"{at}/messages/batches", new GatewayProtocol(AnthropicDialect.Instance));
        routes.MapPost(path, (RequestDelegate)batches.CreateMessagesAsync).Allow(Scope, protocol);
        routes.MapGet($"{path}/{{id}}/results", (RequestDelegate)batches.ResultsAsync).Allow(Scope, protocol);
        routes.MapDelete($"{path}/{{id}}", (RequestDelegate)(context => batches.ReadAsync(context, AnthropicBatches.Instance))).Allow(Scope, protocol);
        Map(routes, path, batches, AnthropicBatches.Instance);
    }

    private static void Map(IEndpointRouteBuilder routes, string path, BatchesGateway batches, BatchApi api)
    {
        var protocol = new GatewayProtocol(api.Dialect);
        routes.MapGet(path, (RequestDelegate)(context => batches.ListAsync(context, api))).Allow(Scope, protocol);
        routes.MapGet($"{path}/{{id}}", (RequestDelegate)(context => batches.ReadAsync(context, api))).Allow(Scope, protocol);
        routes.MapPost($"{path}/{{id}}/cancel", (RequestDelegate)(context => batches.ReadAsync(context, api))).Allow(Scope, protocol);
    }
}
