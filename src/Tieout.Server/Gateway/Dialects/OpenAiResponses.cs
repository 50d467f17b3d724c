using System.Text;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Ledger;
using Tieout.Core.Spike.Truncation;
using Tieout.Core.Tenancy;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Dialects;

/// <summary><c>POST /v1/responses</c>.</summary>
internal sealed class OpenAiResponses : Endpoint
{
    private static readonly RequestShape Shape = new()
    {
        Prompt = "input",
        MoreText = ["instructions"],
        OutputMax = ["max_output_tokens"],
        Elsewhere = ["previous_response_id", "conversation", "prompt"],
    };

    public override Dialect Dialect => OpenAiDialect.Instance;

    public override string Flavor => "responses";

    public override KeyScope Scope => KeyScope.Responses;

    public override ContextDialect? Conversation => ContextDialect.OpenAiResponses;

    public override GatewayRefusal? Read(HttpRequest http, ReadOnlySpan<byte> body, out GatewayRequest? request) =>
        RequestReader.Read(body, Shape, out request);

    public override string PathAt(GatewayRequest request, Target target) => "/responses";

    public override AnswerReader Reader(GatewayRequest request, UsageMeter meter) => new ResponsesAnswerReader(meter);
}

internal sealed class ResponsesAnswerReader(UsageMeter meter) : AnswerReader
{
    public override void Whole(ReadOnlySpan<byte> body)
    {
        var status = JsonMember.Text(body, "status"u8);
        if (status.SequenceEqual("failed"u8) || JsonMember.IsError(body)) meter.SeeError();
        IsPending = status.SequenceEqual("queued"u8) || status.SequenceEqual("in_progress"u8);
        See(body, grows: IsPending);
        SeeMade(body);
        meter.SeeText(JsonMember.WrittenBytes(JsonMember.Value(body, "output"u8)));
    }

    public override Passage Event(ReadOnlySpan<byte> payload)
    {
        var type = JsonMember.Text(payload, "type"u8);
        if (type.EndsWith(".delta"u8))
        {
            meter.SeeText(JsonMember.Text(payload, "delta"u8).Length);
            return default;
        }

        IsWhole = type.SequenceEqual("response.completed"u8) || type.SequenceEqual("response.incomplete"u8) || type.SequenceEqual("response.failed"u8)
            || type.SequenceEqual("response.cancelled"u8) || type.SequenceEqual("error"u8);
        if (type.SequenceEqual("response.failed"u8) || type.SequenceEqual("error"u8)) meter.SeeError();
        See(JsonMember.Object(payload, "response"u8), grows: !IsWhole);
        if (IsWhole) SeeMade(JsonMember.Object(payload, "response"u8));
        return new(Ends: IsWhole, Last: IsWhole);
    }

    /// <summary>Clients send items and conversations back by their ids, also where the response itself is not stored.</summary>
    private void SeeMade(ReadOnlySpan<byte> response)
    {
        Make(ObjectKind.Conversation, JsonMember.Text(JsonMember.Object(response, "conversation"u8), "id"u8));
        var output = JsonMember.Value(response, "output"u8);
        if (output is not [(byte)'[', ..]) return;
        AnswerObjects.InElements(output, "id"u8, id => Make(ObjectKind.ResponseItem, id));
        AnswerObjects.InElements(output, "container_id"u8, id => Make(ObjectKind.Container, id));
    }

    private void See(ReadOnlySpan<byte> response, bool grows)
    {
        meter.SeeModel(JsonMember.Text(response, "model"u8));
        var status = JsonMember.Text(response, "status"u8);
        if (status.SequenceEqual("completed"u8)) meter.SeeFinish(status);
        else if (status.SequenceEqual("incomplete"u8)) meter.SeeFinish(JsonMember.Text(JsonMember.Object(response, "incomplete_details"u8), "reason"u8));
        if (StoredId is null && JsonMember.Text(response, "id"u8) is { IsEmpty: false } id && !JsonMember.Value(response, "store"u8).SequenceEqual("false"u8))
        {
            StoredId = Encoding.UTF8.GetString(id);
        }

        if (JsonMember.Object(response, "usage"u8) is { IsEmpty: false } usage) meter.SeeUsage(usage, grows);
    }
}
