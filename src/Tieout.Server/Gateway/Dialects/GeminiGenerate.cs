using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Dialects;

/// <summary><c>POST /v1beta/models/MODEL:VERB</c>: <c>generateContent</c>, <c>streamGenerateContent</c> and <c>countTokens</c>, which is free.</summary>
internal sealed partial class GeminiGenerate(string verb) : Endpoint
{
    private static readonly RequestShape Shape = new()
    {
        HasModel = false,
        MoreText = ["contents", "systemInstruction", "system_instruction", "generateContentRequest"],
        Inside = ["generationConfig", "generation_config"],
        OutputMax = ["maxOutputTokens", "max_output_tokens"],
        Choices = "candidateCount",
        ChoicesToo = "candidate_count",
        Elsewhere = ["cachedContent", "cached_content"],
    };

    public override Dialect Dialect => GeminiDialect.Instance;

    public override string Flavor => "default";

    public override KeyScope Scope => KeyScope.Gemini;

    public override bool IsFree => verb == "countTokens";

    public override bool StreamsArrays => true;

    public override QueryRules Query => verb == "streamGenerateContent" ? QueryRules.GeminiStream : QueryRules.Gemini;

    public override GatewayRefusal? Read(HttpRequest http, ReadOnlySpan<byte> body, out GatewayRequest? request)
    {
        request = null;
        var model = http.RouteValues["model"] as string ?? "";
        if (!ModelName().IsMatch(model)) return new(ApiError.ParameterInvalid, "The address names no model that could be.", "model");
        if (RequestReader.Read(body, Shape, out request, model) is { } malformed) return malformed;
        request = request! with { Stream = verb == "streamGenerateContent" };
        return null;
    }

    public override string PathAt(GatewayRequest request, Target target) => $"/models/{Uri.EscapeDataString(target.Model)}:{verb}";

    public override AnswerReader Reader(GatewayRequest request, UsageMeter meter) => new GeminiAnswerReader(request, meter);

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,127}\z")]
    private static partial Regex ModelName();
}

/// <remarks>Every chunk says what was used so far; the last is right.</remarks>
internal sealed class GeminiAnswerReader(GatewayRequest request, UsageMeter meter) : AnswerReader
{
    private int _finished;

    public override void Whole(ReadOnlySpan<byte> body) => See(body, grows: false);

    public override Passage Event(ReadOnlySpan<byte> payload)
    {
        // A prompt that is blocked has no candidates, and an error within a stream is its end.
        _finished += JsonMember.CountTexts(JsonMember.Value(payload, "candidates"u8), "finishReason");
        IsWhole |= _finished >= request.Choices || JsonMember.IsError(payload)
            || JsonMember.CountTexts(JsonMember.Value(payload, "promptFeedback"u8), "blockReason") > 0;
        See(payload, grows: !IsWhole);
        return new(Ends: IsWhole);
    }

    private void See(ReadOnlySpan<byte> json, bool grows)
    {
        if (JsonMember.IsError(json)) meter.SeeError();
        meter.SeeModel(JsonMember.Text(json, "modelVersion"u8));
        var candidates = JsonMember.Value(json, "candidates"u8);
        meter.SeeText(JsonMember.WrittenBytes(candidates));
        meter.SeeFinish(JsonMember.Text(candidates.TrimStart("[ \t\r\n"u8), "finishReason"u8));
        if (JsonMember.Object(json, "usageMetadata"u8) is { IsEmpty: false } usage) meter.SeeUsage(usage, grows);
    }
}
