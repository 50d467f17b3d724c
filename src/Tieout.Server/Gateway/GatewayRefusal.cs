using Tieout.Server.Errors;

namespace Tieout.Server.Gateway;

/// <summary>Why a request goes no further.</summary>
/// <param name="Message">One sentence for this occurrence; null: the error's title.</param>
/// <param name="Parameter">The field or header it is about.</param>
internal sealed record GatewayRefusal(ApiError Error, string? Message = null, string? Parameter = null)
{
    public static GatewayRefusal ModelNotOffered(string model) => new(ApiError.ModelNotFound, $"The model '{model}' does not exist here.", "model");

    public static GatewayRefusal ModelNotPriced(string model) =>
        new(ApiError.ModelNotPriced, $"The model '{model}' has no price for this org, and models without a price are refused.", "model");
}
