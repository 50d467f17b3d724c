using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Gateway;

namespace Tieout.Server.Tenancy;

/// <summary>What a key may ask of the gateway.</summary>
internal static class KeyRules
{
    /// <summary>Why a key may not do this; null: it may.</summary>
    /// <param name="scope">One of <see cref="KeyScopes.Known"/>: the kind of work.</param>
    /// <param name="model">As the client asks for it; null: no model is asked for.</param>
    public static GatewayRefusal? Refusal(this Spender spender, string scope, string? model)
    {
        if (spender.Key.Terms is not { } terms) return null;
        if (!terms.AllowsScope(scope)) return new(ApiError.ScopeNotAllowed, $"The key may not be used for {scope}; it may for {string.Join(", ", terms.Scopes!)}.");
        if (model is not null && !terms.AllowsModel(model)) return new(ApiError.ModelNotAllowed, $"The key may not ask for the model '{model}'.", "model");
        return null;
    }
}
