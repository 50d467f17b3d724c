using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary>What a key may ask of the gateway.</summary>
internal static class SpenderRules
{
    /// <summary>Why a key may not do this; null: it may.</summary>
    /// <param name="scope">The kind of work.</param>
    /// <param name="model">As the client asks for it; null: no model is asked for.</param>
    public static GatewayRefusal? Refusal(this Spender spender, KeyScope scope, string? model)
    {
        if (spender.Refuse(scope) is { } refused) return new(refused.Error, refused.Detail);
        if (model is not null && !KeyRules.Terms(spender).AllowsModel(model))
        {
            return new(ApiError.ModelNotAllowed, $"The key may not use the model '{model}'.", "model");
        }

        return null;
    }

    /// <summary>Why a key may not spend under these tags; null: it may. A tag that is left out takes the pinned value.</summary>
    public static GatewayRefusal? Pin(this Spender spender, ref Tags tags)
    {
        if (spender.Key.Terms?.Pins is not { } pins) return null;
        if (pins.Conflict(tags.Project, tags.Feature, tags.User) is { } conflict)
        {
            return new(ApiError.TagPinned, KeyRules.Detail(conflict), $"Tieout-{conflict.Tag}");
        }

        tags = tags with { Project = pins.Project ?? tags.Project, Feature = pins.Feature ?? tags.Feature, User = pins.User ?? tags.User };
        return null;
    }

    /// <summary>Why a key may not spend for the user that a body names; null: it may.</summary>
    public static GatewayRefusal? RefuseUser(this Spender spender, string? bodyUser) =>
        spender.Key.Terms?.Pins?.Conflict(project: null, feature: null, string.IsNullOrEmpty(bodyUser) ? null : bodyUser) is { } conflict
            ? new(ApiError.TagPinned, KeyRules.Detail(conflict), "user") : null;
}
