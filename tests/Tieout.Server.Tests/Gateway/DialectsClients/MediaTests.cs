using OpenAI.Audio;
using OpenAI.Embeddings;
using OpenAI.Images;
using OpenAI.Moderations;

namespace Tieout.Server.Tests.Gateway.DialectsClients;

/// <summary>Embeddings, images, audio and moderations by the official OpenAI client through the gateway, each in its own unit.</summary>
public sealed class MediaTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // text-embedding-3-small: 0.02 a million.
    [Fact]
    public async Task Embeddings_are_charged_by_the_prompt()
    {
        await using var world = await DialectsWorld.StartAsync();

        OpenAIEmbeddingCollection embeddings = await world.OpenAi(("X-Sim-Prompt-Tokens", "4000"))
            .GetEmbeddingClient("text-embedding-3-small").GenerateEmbeddingsAsync(["one", "two"], null, Stop);

        Assert.Equal((2, 4000), (embeddings.Count, embeddings.Usage.InputTokenCount));
        await world.ChargedAsync("0.00008");
    }

    // gpt-image-1: 50 × 5 + 1,000 × 40 a million; dall-e-3 by our own list: 40 a thousand images.
    [Fact]
    public async Task Images_are_charged_by_the_token_or_by_the_image_whichever_way_they_are_made()
    {
        await using var world = await DialectsWorld.StartAsync();
        var client = world.OpenAi(("X-Sim-Prompt-Tokens", "50"), ("X-Sim-Completion-Tokens", "1000"));
        using var picture = new MemoryStream(new byte[2_000]);
        using var another = new MemoryStream(new byte[2_000]);

        GeneratedImageCollection made = await client.GetImageClient("gpt-image-1").GenerateImagesAsync("A ledger.", 2, null, Stop);
        GeneratedImage edited = await client.GetImageClient("gpt-image-1").GenerateImageEditAsync(picture, "a.png", "In green.", null, Stop);
        GeneratedImageCollection varied = await client.GetImageClient("dall-e-3").GenerateImageVariationsAsync(another, "a.png", 3, null, Stop);

        Assert.Equal((2, 3), (made.Count, varied.Count));
        Assert.NotEmpty(edited.ImageBytes.ToArray());
        await world.ChargedAsync("0.04025", "0.04025", "0.12");
        Assert.Equal(["images/generations", "images/edits", "images/variations"], world.Bill.Calls().Select(call => call.Endpoint));
    }

    // gpt-4o-transcribe 300 × 6 + 40 × 10 a million (2.50 for text, 6 for audio in); whisper by our own list: 0.36 an hour.
    [Fact]
    public async Task Recordings_are_charged_by_the_token_or_by_the_second()
    {
        await using var world = await DialectsWorld.StartAsync();
        var client = world.OpenAi(("X-Sim-Prompt-Tokens", "300"), ("X-Sim-Completion-Tokens", "40"), ("X-Sim-Audio-Seconds", "90"));
        using var first = new MemoryStream(new byte[20_000]);
        using var second = new MemoryStream(new byte[20_000]);
        using var third = new MemoryStream(new byte[20_000]);

        AudioTranscription byToken = await client.GetAudioClient("gpt-4o-transcribe").TranscribeAudioAsync(first, "a.mp3", null, Stop);
        AudioTranscription bySecond = await client.GetAudioClient("whisper-1").TranscribeAudioAsync(second, "a.mp3", null, Stop);
        AudioTranslation translated = await client.GetAudioClient("whisper-1").TranslateAudioAsync(third, "a.mp3", null, Stop);

        Assert.All([byToken.Text, bySecond.Text, translated.Text], Assert.NotEmpty);
        await world.ChargedAsync("0.0022", "0.009", "0.009");
        Assert.Equal("audio/translations", world.Bill.Calls()[^1].Endpoint);
    }

    // tts-1 by our own list: 15 a million characters; gpt-4o-mini-tts 100 × 0.60 + 500 × 12 a million.
    [Fact]
    public async Task Speech_is_charged_by_the_character_or_by_the_token()
    {
        await using var world = await DialectsWorld.StartAsync();
        var client = world.OpenAi(("X-Sim-Prompt-Tokens", "100"), ("X-Sim-Completion-Tokens", "500"));

        BinaryData sound = await client.GetAudioClient("tts-1").GenerateSpeechAsync("Zürich 🏔 and so on..", GeneratedSpeechVoice.Alloy, null, Stop);
        StreamingSpeechUpdate? last = null;
        await foreach (var update in await client.GetAudioClient("gpt-4o-mini-tts").GenerateSpeechStreamingAsync(
            "Zürich", GeneratedSpeechVoice.Alloy, null, Stop))
        {
            last = update;
        }

        Assert.NotEmpty(sound.ToArray());
        Assert.Equal(500, Assert.IsType<StreamingSpeechAudioDoneUpdate>(last).Usage.OutputTokenCount);
        await world.ChargedAsync("0.0003", "0.00606");
    }

    [Fact]
    public async Task Moderations_are_free()
    {
        await using var world = await DialectsWorld.StartAsync(topUp: "0");

        ModerationResultCollection results = await world.OpenAi().GetModerationClient("omni-moderation-latest").ClassifyTextAsync(["a", "b"], Stop);

        Assert.Equal(2, results.Count);
        Assert.Empty(await world.UsageAsync());
    }
}
