using Microsoft.AspNetCore.Http;
using Tieout.Core.Ledger;
using Tieout.Core.Spike.Truncation;
using Tieout.Core.Tenancy;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Dialects;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal sealed class OpenAiChat : Endpoint
{
    public static readonly RequestShape Shape = new()
    {
        Prompt = "messages",
        PromptIsArray = true,
        OutputMax = ["max_completion_tokens", "max_tokens"],
        Choices = "n",
        AsksForUsage = true,
    };

    public override Dialect Dialect => OpenAiDialect.Instance;

    public override string Flavor => "chat";

    public override KeyScope Scope => KeyScope.Chat;

    public override bool HasToolResults => true;

    public override ContextDialect? Conversation => ContextDialect.OpenAiChat;

    public override GatewayRefusal? Read(HttpRequest http, ReadOnlySpan<byte> body, out GatewayRequest? request) =>
        RequestReader.Read(body, Shape, out request);

    public override string PathAt(GatewayRequest request, Target target) => "/chat/completions";

    public override AnswerReader Reader(GatewayRequest request, UsageMeter meter) => new ChatAnswerReader(request, meter);
}

/// <summary>Chat answers, and those of the older completions, which have the same shape.</summary>
internal sealed class ChatAnswerReader(GatewayRequest request, UsageMeter meter) : AnswerReader
{
    private int _finished;

    public override void Whole(ReadOnlySpan<byte> body)
    {
        if (!ChatAnswer.TryRead(body, out var answer) && answer.TextBytes == 0) meter.SeeText(body.Length);
        See(answer, body);
    }

    public override Passage Event(ReadOnlySpan<byte> payload)
    {
        if (payload.SequenceEqual("[DONE]"u8))
        {
            IsWhole = true;
            return new(Ends: true, Last: true);
        }

        if (!ChatAnswer.TryRead(payload, out var chunk)) meter.SeeText(payload.Length);
        See(chunk, payload);
        _finished += chunk.Finished;
        IsWhole |= _finished >= request.Choices || chunk.IsError;
        if (request.UsageAsked || chunk.UsageMember is not { } member) return new(Ends: IsWhole);
        return chunk.Usage is not null && !chunk.HasChoices ? new(Ends: IsWhole, Drop: true) : new(Ends: IsWhole, Cut: member);
    }

    private void See(in ChatAnswer answer, ReadOnlySpan<byte> bytes)
    {
        meter.SeeText(answer.TextBytes);
        if (answer.IsError) meter.SeeError();
        if (answer.Model is { } model) meter.SeeModel(bytes[model]);
        if (answer.FinishReason is { } reason) meter.SeeFinish(bytes[reason]);
        if (answer.UsageDiffers) meter.MarkConflictingUsage();
        if (answer.Usage is { } usage) meter.SeeUsage(bytes[usage]);
        if (bytes.IndexOf("\"audio\""u8) >= 0) SeeAudio(bytes);
    }

    // Apart, so that an answer without audio makes no closure: each event of a stream comes here.
    private void SeeAudio(ReadOnlySpan<byte> bytes) => AnswerObjects.Audio(bytes, id => Make(ObjectKind.Audio, id));
}
