using System.Net;
using System.Text.Json;
using OpenAI.Audio;
using OpenAI.Embeddings;
using OpenAI.Images;
using OpenAI.Models;
using OpenAI.Moderations;

namespace Tieout.Simulator.Tests.Provider;

/// <summary>OpenAI's endpoints that are paid in other units than a conversation is, or not at all, by the official client.</summary>
public sealed class OpenAiMediaTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Embeddings_are_paid_by_the_prompt_alone()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = OfficialClients.OpenAi(provider, ("X-Sim-Prompt-Tokens", "40"), ("X-Sim-Completion-Tokens", "9")).GetEmbeddingClient(
            "text-embedding-3-small");

        OpenAIEmbeddingCollection embeddings = await client.GenerateEmbeddingsAsync(["one", "two"], new() { Dimensions = 5 }, Stop);
        var floats = await provider.PostJsonToAsync("/v1/embeddings", """{"model":"m","input":[[1,2,3],[4,5]]}""");

        Assert.Equal((2, 5), (embeddings.Count, embeddings[1].ToFloats().Length));
        Assert.Equal((40, 40), (embeddings.Usage.InputTokenCount, embeddings.Usage.TotalTokenCount));
        Assert.Equal((16, 5),
            (floats.GetProperty("data")[0].GetProperty("embedding").GetArrayLength(), floats.GetProperty("usage").GetProperty("prompt_tokens").GetInt32()));
        Assert.Equal([(40, 0), (5, 0)], provider.Log.Calls().Select(call => (call.PromptTokens, call.CompletionTokens)));
    }

    [Fact]
    public async Task Images_are_paid_by_the_token_or_by_the_image()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = OfficialClients.OpenAi(provider, ("X-Sim-Prompt-Tokens", "30"), ("X-Sim-Completion-Tokens", "4160"));

        GeneratedImageCollection byToken = await client.GetImageClient("gpt-image-1").GenerateImagesAsync("A ledger.", 2, null, Stop);
        GeneratedImageCollection byImage = await client.GetImageClient("dall-e-3").GenerateImagesAsync("A ledger.", 1, null, Stop);

        Assert.Equal((30, 4160, 4190), (byToken.Usage.InputTokenCount, byToken.Usage.OutputTokenCount, byToken.Usage.TotalTokenCount));
        Assert.True(byToken[1].ImageBytes.ToArray().Length > 0);
        Assert.Null(byImage.Usage);
        Assert.NotNull(byImage[0].ImageUri);
        Assert.Equal([("images/generations", 2, 30, 4160), ("images/generations", 1, 0, 0)],
            provider.Log.Calls().Select(call => (call.Endpoint, call.Images, call.PromptTokens, call.CompletionTokens)));
        Assert.Equal(3, provider.Log.Totals().Images);
    }

    [Fact]
    public async Task Transcriptions_are_paid_by_the_token_or_by_the_second()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = OfficialClients.OpenAi(provider, ("X-Sim-Prompt-Tokens", "90"), ("X-Sim-Completion-Tokens", "11"), ("X-Sim-Audio-Seconds", "9"));

        using var sound = new MemoryStream(new byte[100]);
        AudioTranscription byToken = await client.GetAudioClient("gpt-4o-transcribe").TranscribeAudioAsync(sound, "a.mp3", null, Stop);
        using var again = new MemoryStream(new byte[100]);
        AudioTranscription bySecond = await client.GetAudioClient("whisper-1").TranscribeAudioAsync(again, "a.mp3", null, Stop);

        var tokens = Assert.IsType<AudioTranscriptionTokenUsage>(byToken.Usage);
        Assert.Equal((90, 11, 101, 44), (tokens.InputTokenCount, tokens.OutputTokenCount, tokens.TotalTokenCount, byToken.Text.Length));
        Assert.Equal(TimeSpan.FromSeconds(9), Assert.IsType<AudioTranscriptionDurationUsage>(bySecond.Usage).Duration);
        Assert.Equal([(90, 11, 0), (0, 0, 9)], provider.Log.Calls().Select(call => (call.PromptTokens, call.CompletionTokens, call.AudioSeconds)));
    }

    [Fact]
    public async Task A_streamed_transcription_ends_with_its_usage()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = OfficialClients.OpenAi(provider, ("X-Sim-Prompt-Tokens", "90"), ("X-Sim-Completion-Tokens", "11")).GetAudioClient("gpt-4o-transcribe");
        using var sound = new MemoryStream(new byte[100]);
        var updates = new List<StreamingAudioTranscriptionUpdate>();

        await foreach (var update in await client.TranscribeAudioStreamingAsync(sound, "a.mp3", null, Stop)) updates.Add(update);

        Assert.Equal(44, updates.OfType<StreamingAudioTranscriptionTextDeltaUpdate>().Sum(update => update.Delta.Length));
        Assert.Equal(11, Assert.IsType<StreamingAudioTranscriptionTextDoneUpdate>(updates[^1]).Usage.OutputTokenCount);
    }

    [Fact]
    public async Task A_recording_of_unknown_length_is_as_long_as_its_file()
    {
        await using var provider = await RunningProvider.StartAsync();
        using var sound = new MemoryStream(new byte[40_000]);

        await OfficialClients.OpenAi(provider).GetAudioClient("whisper-1").TranscribeAudioAsync(sound, "a.mp3", null, Stop);

        Assert.Equal(3, Assert.Single(provider.Log.Calls()).AudioSeconds);
    }

    [Fact]
    public async Task Speech_is_paid_by_the_character_or_by_the_token()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = OfficialClients.OpenAi(provider, ("X-Sim-Prompt-Tokens", "6"), ("X-Sim-Completion-Tokens", "100"));

        BinaryData byCharacter = await client.GetAudioClient("tts-1").GenerateSpeechAsync("Zürich 🏔", GeneratedSpeechVoice.Alloy, null, Stop);
        BinaryData byToken = await client.GetAudioClient("gpt-4o-mini-tts").GenerateSpeechAsync("Zürich 🏔", GeneratedSpeechVoice.Alloy, null, Stop);
        StreamingSpeechUpdate? last = null;
        await foreach (var update in await client.GetAudioClient("gpt-4o-mini-tts").GenerateSpeechStreamingAsync(
            "Zürich", GeneratedSpeechVoice.Alloy, null, Stop))
        {
            last = update;
        }

        Assert.Equal((32, 400), (byCharacter.ToArray().Length, byToken.ToArray().Length));
        var usage = Assert.IsType<StreamingSpeechAudioDoneUpdate>(last).Usage;
        Assert.Equal((6, 100, 106), (usage.InputTokenCount, usage.OutputTokenCount, usage.TotalTokenCount));
        Assert.Equal([(8, 0, 0), (0, 6, 100), (0, 6, 100)], provider.Log.Calls().Select(call => (call.Characters, call.PromptTokens, call.CompletionTokens)));
    }

    [Fact]
    public async Task Moderations_are_free()
    {
        await using var provider = await RunningProvider.StartAsync();

        ModerationResultCollection results = await OfficialClients.OpenAi(provider, ("X-Sim-Prompt-Tokens", "6"))
            .GetModerationClient("omni-moderation-latest").ClassifyTextAsync(["a", "b"], Stop);

        Assert.Equal((2, false), (results.Count, results[0].Flagged));
        Assert.Equal((1, 0, 0), (provider.Log.Totals().Calls, provider.Log.Totals().Billed, provider.Log.Totals().PromptTokens));
    }

    [Fact]
    public async Task Models_are_listed_and_found_one_by_one()
    {
        await using var provider = await RunningProvider.StartAsync();
        var client = OfficialClients.OpenAi(provider).GetOpenAIModelClient();

        OpenAIModelCollection models = await client.GetModelsAsync(Stop);
        OpenAIModel one = await client.GetModelAsync("gpt-4o", Stop);

        Assert.Contains(models, model => model.Id == "gpt-4o");
        Assert.Equal("gpt-4o", one.Id);
    }

    [Fact]
    public async Task The_first_completions_have_a_text_for_each_choice()
    {
        await using var provider = await RunningProvider.StartAsync();
        const string request =
            """{"model":"gpt-3.5-turbo-instruct","prompt":["four","eight by"],"n":2,"stream":false,"stream_options":{"include_usage":true}}""";

        var whole = await provider.PostJsonToAsync("/v1/completions", request, ("X-Sim-Completion-Tokens", "10"));
        var (events, _) = await provider.PostStreamToAsync(
            "/v1/completions", request.Replace("\"stream\":false", "\"stream\":true", StringComparison.Ordinal), ("X-Sim-Completion-Tokens", "10"));

        Assert.Equal([20, 20], whole.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("text").GetString()!.Length));
        Assert.Equal((3, 10), Usage(whole));
        Assert.Equal("[DONE]", events[^1]);
        Assert.Equal((3, 10), Usage(JsonElement.Parse(events[^2])));
        Assert.Equal(40, events.SkipLast(2).Sum(text => JsonElement.Parse(text).GetProperty("choices")[0].GetProperty("text").GetString()!.Length));
        Assert.All(provider.Log.Calls(), call => Assert.Equal(("openai", "completions"), (call.Dialect, call.Endpoint)));
    }

    [Theory]
    [InlineData("/v1/audio/transcriptions", """{"model":"whisper-1"}""")]
    [InlineData("/v1/audio/speech", """{"model":"tts-1","input":"hello"}""")]
    [InlineData("/v1/embeddings", """{"model":"m","input":[]}""")]
    [InlineData("/v1/images/generations", """{"model":"m","prompt":"p","n":11}""")]
    [InlineData("/v1/images/generations", """{"model":"m","prompt":"p","stream":true}""")]
    [InlineData("/v1/completions", """{"model":"m"}""")]
    [InlineData("/v1/responses", """{"model":"m"}""")]
    [InlineData("/v1/files", """{}""")]
    [InlineData("/v1/batches", """{"input_file_id":"file-none","endpoint":"/v1/responses"}""")]
    public async Task What_is_missing_or_wrong_is_400_and_not_billed(string path, string body)
    {
        await using var provider = await RunningProvider.StartAsync();

        using var response = await provider.PostToAsync(path, body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal((1, 0), (provider.Log.Totals().Calls, provider.Log.Totals().Billed));
    }

    private static (int Prompt, int Completion) Usage(JsonElement body) =>
        (body.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), body.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
}
