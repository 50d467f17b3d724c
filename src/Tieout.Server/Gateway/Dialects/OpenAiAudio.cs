using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Metering;
using Tieout.Core.Tenancy;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>How the usage of audio is read: by tokens or by seconds. No price list says it.</summary>
internal static class AudioUsage
{
    public const string Flavor = "audio";

    /// <summary>The least that any codec in use puts into a second, so that bytes bound seconds.</summary>
    public const long BytesPerSecondMin = 500;

    public static readonly UsageExtractor Extractor = new(Flavor, FieldPath.Parse("usage"), FieldPath.Parse("model"),
    [
        Field("input_tokens", UsageUnits.InputTokens),
        Field("input_token_details.audio_tokens", UsageUnits.Find("input_audio_tokens")!),
        Field("output_tokens", UsageUnits.OutputTokens),
        Field("seconds", Unit.AudioSeconds),
    ]);

    private static CountField Field(string path, UsageUnit unit) => new(FieldPath.Parse(path), Required: false, ImmutableArray.Create(unit));
}

/// <summary><c>POST /v1/audio/speech</c>: sound as it is, or events that end with the usage.</summary>
internal sealed class OpenAiSpeech : Endpoint
{
    private static readonly RequestShape Shape = new() { Prompt = "input", MoreText = ["instructions"], CountsCharacters = true };

    public override Dialect Dialect => OpenAiDialect.Instance;

    public override string Flavor => AudioUsage.Flavor;

    public override KeyScope Scope => KeyScope.Audio;

    public override UsageExtractor? OwnExtractor => AudioUsage.Extractor;

    public override GatewayRefusal? Read(HttpRequest http, ReadOnlySpan<byte> body, out GatewayRequest? request) =>
        RequestReader.Read(body, Shape, out request);

    public override string PathAt(GatewayRequest request, Target target) => "/audio/speech";

    public override AnswerReader Reader(GatewayRequest request, UsageMeter meter) => new SpeechAnswerReader(request, meter);
}

/// <remarks>Sound has no room for usage: what is priced by the character is counted here, and the tokens of anything else are estimated.</remarks>
internal sealed class SpeechAnswerReader(GatewayRequest request, UsageMeter meter) : AnswerReader
{
    /// <summary>Speech is about 15 characters and 21 tokens a second; an estimate takes 4 bytes a token.</summary>
    private const int BytesPerCharacter = 6;

    public override void Whole(ReadOnlySpan<byte> body)
    {
        if (meter.IsPriced(Unit.Characters)) meter.SeeCounts(Unit.Counts(Unit.Characters, request.TextCharacters));
        else SeeSpoken();
    }

    public override Passage Event(ReadOnlySpan<byte> payload)
    {
        IsWhole = JsonMember.Text(payload, "type"u8).SequenceEqual("speech.audio.done"u8);
        if (JsonMember.Object(payload, "usage"u8) is { IsEmpty: false } usage) meter.SeeUsage(usage);
        else if (IsWhole) SeeSpoken();
        return new(Ends: IsWhole);
    }

    private void SeeSpoken()
    {
        meter.ExpectNoUsage();
        meter.SeeText(request.TextCharacters * BytesPerCharacter);
    }
}

/// <summary><c>POST /v1/audio/transcriptions</c> and <c>/v1/audio/translations</c>: a form with a recording.</summary>
internal sealed class OpenAiTranscriptions(string verb) : FormEndpoint(modelDefault: null)
{
    public override string Flavor => AudioUsage.Flavor;

    public override KeyScope Scope => KeyScope.Audio;

    public override UsageExtractor? OwnExtractor => AudioUsage.Extractor;

    public override string PathAt(GatewayRequest request, Target target) => $"/audio/{verb}";

    public override AnswerReader Reader(GatewayRequest request, UsageMeter meter) => new PlainAnswerReader(meter, inPieces: false);

    protected override RequestReading Read(RequestForm form, GatewayRequest request) =>
        RequestReading.Of(request with { AudioSeconds = request.Bytes / AudioUsage.BytesPerSecondMin + 1 });
}
