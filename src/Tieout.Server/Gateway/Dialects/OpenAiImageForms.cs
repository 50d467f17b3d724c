using System.Globalization;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway.Dialects;

/// <summary><c>POST /v1/images/edits</c> and <c>/v1/images/variations</c>: a form with images in it.</summary>
internal sealed class OpenAiImageForms(string verb) : FormEndpoint(ModelDefault)
{
    /// <summary>What OpenAI takes where no model is named.</summary>
    private const string ModelDefault = "dall-e-2";

    private const int ImagesMax = 10;

    public override string Flavor => "images";

    public override KeyScope Scope => KeyScope.Images;

    public override string PathAt(GatewayRequest request, Target target) => $"/images/{verb}";

    public override AnswerReader Reader(GatewayRequest request, UsageMeter meter) => new PlainAnswerReader(meter, inPieces: true);

    protected override RequestReading Read(RequestForm form, GatewayRequest request)
    {
        var count = 1;
        if (form.Text("n") is { } n && (!int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count is < 1 or > ImagesMax))
        {
            return RequestReading.Refuse(new(ApiError.ParameterInvalid, $"'n' must be a whole number from 1 to {ImagesMax}.", "n"));
        }

        return RequestReading.Of(request with { Choices = count, Pieces = count });
    }
}
