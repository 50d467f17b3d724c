using System.Text;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Dialects;

/// <summary><c>POST /v1/images/edits</c> and <c>/v1/images/variations</c>: a form with images in it.</summary>
internal sealed class OpenAiImageForms(string verb) : Endpoint
{
    /// <summary>What OpenAI takes where no model is named.</summary>
    private const string ModelDefault = "dall-e-2";

    private const int ImagesMax = 10;

    public override Dialect Dialect => OpenAiDialect.Instance;

    public override string Flavor => "images";

    public override KeyScope Scope => KeyScope.Images;

    public override GatewayRefusal? Read(HttpRequest http, ReadOnlySpan<byte> body, out GatewayRequest? request)
    {
        request = null;
        if (FormBody.Read(http.ContentType, body, "model", out var model, isNeeded: false) is { } malformed) return malformed;
        if (FormBody.Read(http.ContentType, body, "n", out var n, isNeeded: false) is { } wrong) return wrong;
        var isNamed = !body[model].IsEmpty;
        var count = 1;
        if (!body[n].IsEmpty && (!int.TryParse(body[n], out count) || count is < 1 or > ImagesMax)) return new(ApiError.ParameterInvalid, $"'n' must be a whole number from 1 to {ImagesMax}.", "n");
        request = new()
        {
            Model = isNamed ? Encoding.UTF8.GetString(body[model]) : ModelDefault,
            ModelAt = isNamed ? model : null,
            UsageAsked = true,
            Bytes = body.Length,
            Choices = count,
            Pieces = count,
        };
        return null;
    }

    /// <summary>A form that names no model leaves it to the provider, which takes the same one.</summary>
    public override ReadOnlyMemory<byte> Rewrite(ReadOnlySpan<byte> body, GatewayRequest request, Target target, long? outputTokensMax) =>
        request.ModelAt is { } at ? RequestRewriter.Apply(body, [new(at, Encoding.UTF8.GetBytes(target.Model))]) : body.ToArray();

    public override string PathAt(GatewayRequest request, Target target) => $"/images/{verb}";

    public override AnswerReader Reader(GatewayRequest request, UsageMeter meter) => new PlainAnswerReader(meter, inPieces: true);
}
