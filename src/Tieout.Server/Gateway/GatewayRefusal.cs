using Tieout.Server.Errors;

namespace Tieout.Server.Gateway;

/// <summary>Why a request goes no further.</summary>
/// <param name="Message">One sentence for this occurrence; null: the error's title.</param>
/// <param name="Parameter">The field or header it is about.</param>
internal sealed record GatewayRefusal(ApiError Error, string? Message = null, string? Parameter = null);
