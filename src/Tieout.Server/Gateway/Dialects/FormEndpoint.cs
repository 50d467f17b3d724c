using Microsoft.AspNetCore.Http;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.References;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>An address of OpenAI's API that takes a form.</summary>
/// <param name="modelDefault">The model where the form names none; null: it must name one.</param>
internal abstract class FormEndpoint(string? modelDefault) : Endpoint
{
    private const int ModelLengthMax = 256;

    public override Dialect Dialect => OpenAiDialect.Instance;

    public override GatewayRefusal? Read(HttpRequest http, ReadOnlySpan<byte> body, out GatewayRequest? request)
    {
        request = null;
        return new(ApiError.BodyMalformed, "The body must be multipart/form-data.");
    }

    public override async ValueTask<RequestReading> ReadAsync(HttpRequest http, ReadOnlyMemory<byte> body)
    {
        var (form, refused) = await RequestForm.ReadAsync(http.ContentType, body, http.HttpContext.RequestAborted);
        if (form is null) return RequestReading.Refuse(refused!);
        if ((form.Text("model") ?? modelDefault) is not { Length: > 0 and <= ModelLengthMax } model)
        {
            return RequestReading.Refuse(new(ApiError.ParameterInvalid, $"You must provide a model parameter of 1 to {ModelLengthMax} characters.", "model"));
        }

        var stream = form.Text("stream") ?? "false";
        if (stream is not ("true" or "false")) return RequestReading.Refuse(new(ApiError.ParameterInvalid, "'stream' must be true or false.", "stream"));
        return Read(form, new GatewayRequest { Model = model, Stream = stream == "true", UsageAsked = true, Form = form, Bytes = body.Length });
    }

    public override GatewayRefusal? ReadReferences(ReadOnlySpan<byte> body, out RequestReferences references)
    {
        references = RequestReferences.None;
        return null;
    }

    /// <summary>The provider uses the same default where the form names no model.</summary>
    public override ReadOnlyMemory<byte> Rewrite(ReadOnlySpan<byte> body, GatewayRequest request, Target target, long? outputTokensMax) =>
        request.Form!.Write(target.Model);

    /// <param name="request">The parts that all forms have.</param>
    protected abstract RequestReading Read(RequestForm form, GatewayRequest request);
}
