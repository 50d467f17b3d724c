using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Tieout.Core.Tenancy;
using Tieout.Server.Attribution.Contracts;
using Tieout.Server.Gateway.Batches;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Limits;
using Tieout.Server.Gateway.Mitigations;
using Tieout.Server.Gateway.References;
using Tieout.Server.Gateway.Signals;
using Tieout.Server.Gateway.Tools;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Server.Pricing;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary>The addresses of the gateway, in the providers' own dialects.</summary>
internal static class GatewayEndpoints
{
    private static readonly GatewayProtocol AnyDialect = new(dialect: null);

    public static void AddGateway(this IServiceCollection services)
    {
        services.AddSingleton<CurrentKeys>();
        services.AddSingleton<CurrentPrices>();
        services.AddSingleton<CurrentRoutes>();
        services.AddSingleton<RateLimits>();
        services.AddSingleton<Lineages>();
        services.AddSingleton<Identities>();
        services.AddSingleton<SettlementSpool>();
        services.AddHostedService(provider => provider.GetRequiredService<SettlementSpool>());
        services.AddHostedService<Expiry>();
        services.TryAddSingleton<CurrentContracts>();
        services.AddSingleton<ContractGate>();
        services.AddSingleton<CurrentMitigations>();
        services.AddSingleton<MitigationGate>();
        services.AddSingleton<ContextCutter>();
        services.AddSingleton<RecentBodies>();
        services.AddSingleton<BodyTriggers>();
        services.AddSingleton<TrafficSignals>();
        services.AddHostedService(provider => provider.GetRequiredService<TrafficSignals>());
        services.AddSingleton<ToolCallLog>();
        services.AddHostedService(provider => provider.GetRequiredService<ToolCallLog>());
        services.AddSingleton<GatewayPipeline>();
        services.AddSingleton<AttemptLoop>();
        services.AddSingleton<AttemptHolds>();
        services.AddSingleton<AnswerRelay>();
        services.AddSingleton<FreeForwarder>();
        services.AddSingleton<StoredResponses>();
        services.AddSingleton<ReferenceGate>();
        services.AddSingleton<ResponsesGateway>();
        services.AddHostedService<ResponsePolls>();
        services.AddSingleton<ModelList>();
        services.AddBatches();
    }

    public static void MapGateway(this IEndpointRouteBuilder routes)
    {
        var pipeline = routes.ServiceProvider.GetRequiredService<GatewayPipeline>();
        var models = routes.ServiceProvider.GetRequiredService<ModelList>();
        var (files, batches) = (routes.ServiceProvider.GetRequiredService<FilesGateway>(), routes.ServiceProvider.GetRequiredService<BatchesGateway>());
        var responses = routes.ServiceProvider.GetRequiredService<ResponsesGateway>();
        var (stored, openAi) = (Access.Tenant(KeyScope.Responses), new GatewayProtocol(OpenAiDialect.Instance));
        foreach (var at in (ReadOnlySpan<string>)["/v1", "/v1/openai", "/v1/openai/v1"])
        {
            Post($"{at}/chat/completions", new OpenAiChat());
            Post($"{at}/responses", new OpenAiResponses());
            Post($"{at}/completions", OpenAiPlain.Completions());
            Post($"{at}/embeddings", OpenAiPlain.Embeddings());
            Post($"{at}/moderations", OpenAiPlain.Moderations());
            Post($"{at}/images/generations", OpenAiPlain.Images());
            Post($"{at}/images/edits", new OpenAiImageForms("edits"));
            Post($"{at}/images/variations", new OpenAiImageForms("variations"));
            Post($"{at}/audio/speech", new OpenAiSpeech());
            Post($"{at}/audio/transcriptions", new OpenAiTranscriptions("transcriptions"));
            Post($"{at}/audio/translations", new OpenAiTranscriptions("translations"));
            routes.MapGet($"{at}/models", (RequestDelegate)models.ListAsync).Allow(Access.AnyTenant, AnyDialect);
            routes.MapGet($"{at}/models/{{**id}}", (RequestDelegate)models.FindAsync).Allow(Access.AnyTenant, AnyDialect);
            routes.MapFiles(at, files);
            routes.MapBatches(at, batches);
            routes.MapGet($"{at}/responses/{{id}}", (RequestDelegate)responses.AnswerAsync).Allow(stored, openAi);
            routes.MapGet($"{at}/responses/{{id}}/input_items", (RequestDelegate)responses.AnswerAsync).Allow(stored, openAi);
            routes.MapDelete($"{at}/responses/{{id}}", (RequestDelegate)responses.AnswerAsync).Allow(stored, openAi);
            routes.MapPost($"{at}/responses/{{id}}/cancel", (RequestDelegate)responses.AnswerAsync).Allow(stored, openAi);
        }

        foreach (var at in (ReadOnlySpan<string>)["/v1", "/v1/anthropic", "/v1/anthropic/v1"])
        {
            Post($"{at}/messages", new AnthropicMessages(counts: false));
            Post($"{at}/messages/count_tokens", new AnthropicMessages(counts: true));
            routes.MapMessageBatches(at, batches);
        }

        foreach (var at in (ReadOnlySpan<string>)["/v1/anthropic", "/v1/anthropic/v1", "/v1beta", "/v1/gemini", "/v1/gemini/v1beta"])
        {
            routes.MapGet($"{at}/models", (RequestDelegate)models.ListAsync).Allow(Access.AnyTenant, AnyDialect);
            routes.MapGet($"{at}/models/{{**id}}", (RequestDelegate)models.FindAsync).Allow(Access.AnyTenant, AnyDialect);
        }

        foreach (var at in (ReadOnlySpan<string>)["/v1beta", "/v1/gemini", "/v1/gemini/v1beta"])
        {
            foreach (var verb in (ReadOnlySpan<string>)["generateContent", "streamGenerateContent", "countTokens"])
            {
                Post($"{at}/models/{{model}}:{verb}", new GeminiGenerate(verb));
            }
        }

        void Post(string path, Dialects.Endpoint endpoint) =>
            routes.MapPost(path, (RequestDelegate)(context => pipeline.AnswerAsync(context, endpoint))).Allow(
                Access.Tenant(endpoint.Scope), new GatewayProtocol(endpoint.Dialect));
    }
}
