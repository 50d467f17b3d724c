using Microsoft.AspNetCore.Http;
using Tieout.Simulator.Provider.Dialects;

namespace Tieout.Simulator.Provider;

/// <summary>All that one simulated provider answers to, in every dialect, on one listener.</summary>
internal sealed class SimulatedEndpoints
{
    /// <summary>Some 100 MB of answers, files of usual size and batches at most.</summary>
    private const int KeptMax = 10_000;

    private readonly SimulatedDialect[] _dialects;
    private readonly SimulatedResource[] _resources;
    private readonly IReadOnlyList<string> _models;

    public SimulatedEndpoints(SimulatedProviderOptions options, SimulatedGenerator generator)
    {
        var responses = new KeptThings<KeptResponse>(KeptMax);
        SimulatedDialect[] batched = [new OpenAiChat(), new OpenAiResponses(responses), new OpenAiCompletions(), new OpenAiEmbeddings(),
            new OpenAiModerations()];
        _dialects =
        [
            .. batched, new OpenAiImages(), new OpenAiImages("edits"), new OpenAiImages("variations"),
            new OpenAiTranscriptions(), new OpenAiTranscriptions("translations"), new OpenAiSpeech(),
            new AnthropicMessages(), new AnthropicCountTokens(),
            new GeminiGenerate(stream: false), new GeminiGenerate(stream: true), new GeminiCountTokens(),
        ];
        var files = new OpenAiFiles(new(KeptMax), generator);
        _resources = [new OpenAiStoredResponses(responses), files, new OpenAiBatches(new(KeptMax), files, new(batched, generator), generator),
            new AnthropicBatches(new(KeptMax), new([new AnthropicMessages()], generator), generator)];
        _models = options.Models;
    }

    /// <returns>Null: no dialect answers there.</returns>
    public SimulatedDialect? DialectOf(string path) => Array.Find(_dialects, dialect => dialect.Answers(path));

    /// <returns>Null: nothing is kept there.</returns>
    public SimulatedResource? ResourceOf(string method, string path) => Array.Find(_resources, resource => resource.Answers(method, path));

    public ModelLists ModelsFor(HttpRequest http) => new(DialectOf(http), _models);

    public static void WriteNotFound(HttpRequest http, RenderedAnswer rendered)
    {
        var message = $"Unknown request URL: {http.Method} {http.Path}.";
        switch (DialectOf(http))
        {
            case "anthropic":
                AnthropicDialect.WriteErrorBody(404, message, rendered);
                break;
            case "gemini":
                GeminiDialect.WriteErrorBody(404, message, rendered);
                break;
            default:
                OpenAiDialect.WriteErrorBody(404, message, null, rendered);
                break;
        }
    }

    /// <summary>Where a path is the same in all dialects, a header that only one of them has tells whose it is.</summary>
    private static string DialectOf(HttpRequest http) =>
        http.Headers.ContainsKey("anthropic-version") ? "anthropic"
        : http.Headers.ContainsKey("x-goog-api-key") || (http.Path.Value ?? "").Contains("/v1beta/", StringComparison.Ordinal) ? "gemini"
        : "openai";
}
