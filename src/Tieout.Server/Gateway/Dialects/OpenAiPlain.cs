using Microsoft.AspNetCore.Http;
using Tieout.Core.Tenancy;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Addresses of OpenAI's that take JSON and say their usage, if at all, at the top of the answer.</summary>
/// <param name="path">Theirs and ours, after the version.</param>
internal sealed class OpenAiPlain(string path, KeyScope scope, string flavor, RequestShape shape, bool isFree = false) : Endpoint
{
    public static OpenAiPlain Completions() => new("/completions", KeyScope.Completions, "chat", new()
    {
        Prompt = "prompt",
        MoreText = ["suffix"],
        OutputMax = ["max_tokens"],
        Choices = "n",
        ChoicesToo = "best_of",
        AsksForUsage = true,
    });

    public static OpenAiPlain Embeddings() => new("/embeddings", KeyScope.Embeddings, "embeddings", new() { Prompt = "input", HasOutput = false });

    public static OpenAiPlain Moderations() =>
        new("/moderations", KeyScope.Moderations, "chat", new() { Prompt = "input", HasOutput = false, ModelDefault = "omni-moderation-latest" }, isFree: true);

    public static OpenAiPlain Images() =>
        new("/images/generations", KeyScope.Images, "images", new() { Prompt = "prompt", Choices = "n", AnswersArePieces = true });

    public override Dialect Dialect => OpenAiDialect.Instance;

    public override string Flavor => flavor;

    public override KeyScope Scope => scope;

    public override bool IsFree => isFree;

    public override GatewayRefusal? Read(HttpRequest http, ReadOnlySpan<byte> body, out GatewayRequest? request) =>
        RequestReader.Read(body, shape, out request);

    public override string PathAt(GatewayRequest request, Target target) => path;

    public override AnswerReader Reader(GatewayRequest request, UsageMeter meter) =>
        shape.AsksForUsage ? new ChatAnswerReader(request, meter) : new PlainAnswerReader(meter, shape.AnswersArePieces);
}

/// <param name="inPieces">What there is no usage of is priced by the piece, if its price says so.</param>
internal sealed class PlainAnswerReader(UsageMeter meter, bool inPieces) : AnswerReader
{
    public override void Whole(ReadOnlySpan<byte> body)
    {
        See(body);
        if (inPieces && meter.IsPriced(Unit.Requests)) meter.SeeCounts(Unit.Counts(Unit.Requests, Math.Max(1, Pieces(body))));
    }

    /// <summary>Partial images and deltas come first; what ends the stream has the usage.</summary>
    public override Passage Event(ReadOnlySpan<byte> payload)
    {
        var type = JsonMember.Text(payload, "type"u8);
        See(payload);
        IsWhole = type.EndsWith(".completed"u8) || type.EndsWith(".done"u8) || IsError(payload) || payload.SequenceEqual("[DONE]"u8);
        return new(Ends: IsWhole);
    }

    private void See(ReadOnlySpan<byte> json)
    {
        if (IsError(json)) meter.SeeError();
        meter.SeeModel(JsonMember.Text(json, "model"u8));
        if (JsonMember.Object(json, "usage"u8) is { IsEmpty: false } usage) meter.SeeUsage(usage);
        else meter.SeeText(JsonMember.Text(json, "text"u8).Length + JsonMember.Text(json, "delta"u8).Length);
    }

    private static bool IsError(ReadOnlySpan<byte> json) => JsonMember.IsError(json) || JsonMember.Text(json, "type"u8).SequenceEqual("error"u8);

    private static int Pieces(ReadOnlySpan<byte> body) => Math.Max(JsonMember.CountTexts(body, "b64_json"), JsonMember.CountTexts(body, "url"));
}
