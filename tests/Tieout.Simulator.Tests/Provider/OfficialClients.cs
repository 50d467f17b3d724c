using System.ClientModel;
using System.ClientModel.Primitives;
using Anthropic;
using OpenAI;
using OpenAI.Batch;
using OpenAI.Responses;

namespace Tieout.Simulator.Tests.Provider;

/// <summary>The providers' own clients, pointed at a simulated provider or a gateway, sending some headers with every call and retrying nothing unless told
/// to.</summary>
internal static class OfficialClients
{
    private const string Key = "sk-for-the-simulation";

    public static OpenAIClient OpenAi(RunningProvider provider, params (string Name, string Value)[] headers) => OpenAi(provider.Root, Key, 0, headers);

    public static OpenAIClient OpenAi(Uri root, string key, int retries, params (string Name, string Value)[] headers) =>
        new(new ApiKeyCredential(key), With(new OpenAIClientOptions { Endpoint = new(root, "/v1") }, retries, headers));

    public static ResponsesClient Responses(RunningProvider provider, params (string Name, string Value)[] headers) => Responses(provider.Root, Key, headers);

    public static ResponsesClient Responses(Uri root, string key, params (string Name, string Value)[] headers) =>
        new(new ApiKeyCredential(key), With(new ResponsesClientOptions { Endpoint = new(root, "/v1") }, 0, headers));

    public static BatchClient Batches(RunningProvider provider, params (string Name, string Value)[] headers) => Batches(provider.Root, Key, headers);

    public static BatchClient Batches(Uri root, string key, params (string Name, string Value)[] headers) =>
        new(new ApiKeyCredential(key), With(new BatchClientOptions { Endpoint = new(root, "/v1") }, 0, headers));

    public static AnthropicClient Anthropic(RunningProvider provider, params (string Name, string Value)[] headers) =>
        Anthropic(provider.Root, "sk-ant-for-the-simulation", headers);

    /// <summary>It checks every answer against the provider's schema.</summary>
    public static AnthropicClient Anthropic(Uri root, string key, params (string Name, string Value)[] headers)
    {
        var http = new HttpClient();
        foreach (var (name, value) in headers) http.DefaultRequestHeaders.Add(name, value);
        return new() { BaseUrl = root.ToString().TrimEnd('/'), ApiKey = key, HttpClient = http, MaxRetries = 0, ResponseValidation = true };
    }

    private static T With<T>(T options, int retries, (string Name, string Value)[] headers)
        where T : ClientPipelineOptions
    {
        options.RetryPolicy = new ClientRetryPolicy(retries);
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
