using System.ClientModel;
using System.ClientModel.Primitives;
using Anthropic;
using OpenAI;
using OpenAI.Batch;
using OpenAI.Responses;

namespace Tieout.Server.Tests.SimulatedProvider;

/// <summary>The providers' own clients, pointed at a simulated provider, sending some headers with every call and retrying nothing.</summary>
internal static class OfficialClients
{
    private static readonly ApiKeyCredential Key = new("sk-for-the-simulation");

    public static OpenAIClient OpenAi(RunningProvider provider, params (string Name, string Value)[] headers) =>
        new(Key, With(new OpenAIClientOptions { Endpoint = new(provider.Root, "/v1") }, headers));

    public static ResponsesClient Responses(RunningProvider provider, params (string Name, string Value)[] headers) =>
        new(Key, With(new ResponsesClientOptions { Endpoint = new(provider.Root, "/v1") }, headers));

    public static BatchClient Batches(RunningProvider provider, params (string Name, string Value)[] headers) =>
        new(Key, With(new BatchClientOptions { Endpoint = new(provider.Root, "/v1") }, headers));

    /// <summary>It checks every answer against the provider's schema.</summary>
    public static AnthropicClient Anthropic(RunningProvider provider, params (string Name, string Value)[] headers)
    {
        var http = new HttpClient();
        foreach (var (name, value) in headers) http.DefaultRequestHeaders.Add(name, value);
        return new() { BaseUrl = provider.Root.ToString().TrimEnd('/'), ApiKey = "sk-ant-for-the-simulation", HttpClient = http, MaxRetries = 0, ResponseValidation = true };
    }

    private static T With<T>(T options, (string Name, string Value)[] headers)
        where T : ClientPipelineOptions
    {
        options.RetryPolicy = new ClientRetryPolicy(maxRetries: 0);
        options.AddPolicy(new HeadersPolicy(headers), PipelinePosition.PerCall);
        return options;
    }

    private sealed class HeadersPolicy((string Name, string Value)[] headers) : PipelinePolicy
    {
        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            Add(message);
            ProcessNext(message, pipeline, currentIndex);
        }

        public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            Add(message);
            return ProcessNextAsync(message, pipeline, currentIndex);
        }

        private void Add(PipelineMessage message)
        {
            foreach (var (name, value) in headers) message.Request.Headers.Set(name, value);
        }
    }
}
