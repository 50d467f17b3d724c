using Microsoft.AspNetCore.Http;
using Tieout.Core.Ledger;
using Tieout.Core.Spike.Truncation;
using Tieout.Core.Tenancy;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Dialects;

/// <summary><c>POST /v1/messages</c>, and <c>/v1/messages/count_tokens</c>, which is free.</summary>
internal sealed class AnthropicMessages(bool counts) : Endpoint
{
    private static readonly RequestShape Shape = new()
    {
        Prompt = "messages",
        PromptIsArray = true,
        MoreText = ["system"],
        OutputMax = ["max_tokens"],
        Elsewhere = ["container"],
        UserInside = "metadata",
    };

    public override Dialect Dialect => AnthropicDialect.Instance;

    public override string Flavor => "default";

    public override KeyScope Scope => KeyScope.Messages;

    public override bool IsFree => counts;

    public override bool HasToolResults => !counts;

    public override ContextDialect? Conversation => counts ? null : ContextDialect.AnthropicMessages;

    public override GatewayRefusal? Read(HttpRequest http, ReadOnlySpan<byte> body, out GatewayRequest? request) =>
        RequestReader.Read(body, Shape, out request);

    public override string PathAt(GatewayRequest request, Target target) => counts ? "/messages/count_tokens" : "/messages";

    public override AnswerReader Reader(GatewayRequest request, UsageMeter meter) => new AnthropicAnswerReader(meter);
}

/// <remarks>
/// A stream says its usage at its start (what was read, and nothing yet of what is written) and again, in full or in part, in each
/// <c>message_delta</c>, always of the whole so far. So the last of each figure counts and none is ever added to another.
/// </remarks>
internal sealed class AnthropicAnswerReader(UsageMeter meter) : AnswerReader
{
    private byte[] _usage = [];

    public override void Whole(ReadOnlySpan<byte> body)
    {
        if (JsonMember.IsError(body))
        {
            meter.SeeError();
            return;
        }

        meter.SeeModel(JsonMember.Text(body, "model"u8));
        meter.SeeFinish(JsonMember.Text(body, "stop_reason"u8));
        meter.SeeText(JsonMember.WrittenBytes(body));
        if (JsonMember.Object(body, "usage"u8) is { IsEmpty: false } usage) meter.SeeUsage(usage);
        Make(ObjectKind.Container, JsonMember.Text(JsonMember.Object(body, "container"u8), "id"u8));
        if (body.IndexOf("\"file_id\""u8) >= 0) AnswerObjects.Elements(JsonMember.Value(body, "content"u8), SeeFiles);
    }

    public override Passage Event(ReadOnlySpan<byte> payload)
    {
        var type = JsonMember.Text(payload, "type"u8);
        if (type.SequenceEqual("content_block_delta"u8))
        {
            meter.SeeText(JsonMember.WrittenBytes(payload));
            return default;
        }

        if (type.SequenceEqual("content_block_start"u8))
        {
            if (payload.IndexOf("\"file_id\""u8) >= 0) SeeFiles(JsonMember.Object(payload, "content_block"u8));
            return default;
        }

        if (type.SequenceEqual("message_start"u8))
        {
            var message = JsonMember.Object(payload, "message"u8);
            Make(ObjectKind.Container, JsonMember.Text(JsonMember.Object(message, "container"u8), "id"u8));
            meter.SeeModel(JsonMember.Text(message, "model"u8));
            if (JsonMember.Object(message, "usage"u8) is not { IsEmpty: false } begun) return default;
            _usage = begun.ToArray();
            meter.SeeBeginning(begun);
            return default;
        }

        if (type.SequenceEqual("message_delta"u8))
        {
            var delta = JsonMember.Object(payload, "delta"u8);
            var ends = !JsonMember.Text(delta, "stop_reason"u8).IsEmpty;
            meter.SeeFinish(JsonMember.Text(delta, "stop_reason"u8));
            Make(ObjectKind.Container, JsonMember.Text(JsonMember.Object(delta, "container"u8), "id"u8));
            if (JsonMember.Object(payload, "usage"u8) is not { IsEmpty: false } usage) return new(Ends: ends);
            _usage = JsonMember.Overlay(_usage, usage);
            meter.SeeUsage(_usage, grows: !ends);
            return new(Ends: ends);
        }

        // An error that comes within a stream is its end too, and the provider's to tell.
        IsWhole = type.SequenceEqual("message_stop"u8) || type.SequenceEqual("error"u8);
        if (type.SequenceEqual("error"u8)) meter.SeeError();
        return new(Ends: IsWhole, Last: IsWhole);
    }

    /// <summary>Files that code has written in the provider's container.</summary>
    private void SeeFiles(ReadOnlySpan<byte> block)
    {
        if (JsonMember.Text(block, "type"u8).EndsWith("code_execution_tool_result"u8))
        {
            AnswerObjects.Anywhere(block, "file_id"u8, id => Make(ObjectKind.File, id));
        }
    }
}
