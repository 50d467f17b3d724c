using System.Net;
using Tieout.Core.Tenancy;
using Tieout.Server.Api;
using Tieout.Server.Errors;
using Tieout.Server.Gateway;

namespace Tieout.Server.Tenancy;

/// <summary>What a key may ask for.</summary>
internal static class KeyRules
{
    /// <summary>Why a key may not do this kind of work; null: it may.</summary>
    public static AccessRefusal? Refuse(this Spender spender, KeyScope scope) =>
        Terms(spender).Allows(scope) ? null : new(ApiError.ScopeNotAllowed, $"The key has no scope '{scope}'; it has {string.Join(", ", Terms(spender).Scopes ?? [KeyScope.Inference])}.");

    /// <summary>Why a key may not be used from an address; null: it may.</summary>
    /// <param name="address">The caller's, as the trusted proxies see it; null: unknown.</param>
    public static AccessRefusal? Refuse(this Spender spender, IPAddress? address) =>
        spender.Addresses is not { } list || list.Allows(address) ? null : new(ApiError.AddressNotAllowed, $"The key may not be used from {address?.ToString() ?? "an unknown address"}. Use it from an address of its list, or have this one added.");

    /// <summary>Why a key may not do this; null: it may.</summary>
    /// <param name="scope">The kind of work.</param>
    /// <param name="model">As the client asks for it; null: no model is asked for.</param>
    public static GatewayRefusal? Refusal(this Spender spender, KeyScope scope, string? model)
    {
        if (spender.Refuse(scope) is { } refused) return new(refused.Error, refused.Detail);
        if (model is not null && !Terms(spender).AllowsModel(model)) return new(ApiError.ModelNotAllowed, $"The key may not use the model '{model}'.", "model");
        return null;
    }

    /// <summary>Why a key may not spend under these tags; null: it may. A tag that is left out takes the pinned value.</summary>
    public static GatewayRefusal? Pin(this Spender spender, ref Tags tags)
    {
        if (spender.Key.Terms?.Pins is not { } pins) return null;
        if (pins.Conflict(tags.Project, tags.Feature, tags.User) is { } conflict) return new(ApiError.TagPinned, Detail(conflict), $"Tieout-{conflict.Tag}");
        tags = tags with { Project = pins.Project ?? tags.Project, Feature = pins.Feature ?? tags.Feature, User = pins.User ?? tags.User };
        return null;
    }

    /// <summary>Why a key may not spend for the user that a body names; null: it may.</summary>
    public static GatewayRefusal? RefuseUser(this Spender spender, string? bodyUser) =>
        spender.Key.Terms?.Pins?.Conflict(project: null, feature: null, string.IsNullOrEmpty(bodyUser) ? null : bodyUser) is { } conflict ? new(ApiError.TagPinned, Detail(conflict), "user") : null;

    /// <summary>Two sentences for whoever sent the tag.</summary>
    public static string Detail(PinConflict conflict) =>
        $"The request has the {conflict.Tag} '{Inputs.Shown(conflict.Said)}', but the key's requests have the {conflict.Tag} '{conflict.Pinned}'. Leave it out, or use another key.";

    private static KeyTerms Terms(Spender spender) => spender.Key.Terms ?? KeyTerms.None;
}
