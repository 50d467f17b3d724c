using System.Text;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Errors;
using Tieout.Server.Gateway.Dialects;
using Tieout.Server.Gateway.Upstreams;
using Tieout.Storage;

namespace Tieout.Server.Gateway.References;

/// <summary>Step 2: refuses a request that names an object at a provider which another org has, or no org. Nothing is sent then.</summary>
/// <remarks>
/// A provider's account is shared by all orgs that have no key of their own there, and the provider answers for any id in it. So an id
/// must be one that the ledger has as the org's, or one that the configuration shares; or the account must be the org's own.
/// </remarks>
internal sealed class ReferenceGate(IObjectsReader objects, StoredResponses stored)
{
    /// <param name="asked">The model that the request asks for, as its client names it.</param>
    public async ValueTask<ReferenceCheck> CheckAsync(
        GatewayCaller caller, Routes routes, ProviderDialect dialect, KeyScope scope, string? asked, RequestReferences references,
        CancellationToken cancellationToken)
    {
        if (RefusalOf(caller, routes, dialect, scope, asked, references.Models) is { } notAllowed) return ReferenceCheck.Refuse(notAllowed);
        var org = caller.Spender.Key.Org;
        string? provider = null;
        var ownAccount = false;
        foreach (var reference in references.Kept.Concat(AccountModels(routes, dialect, asked, references.Models)))
        {
            // The configuration offers the model by its name, so every org may use it.
            if (reference.Kind is ObjectKind.TunedModel && routes.Names.Contains(reference.Id)) continue;
            var at = await ProviderOfAsync(org, reference, routes, dialect, cancellationToken);
            if (at is null && routes.Options.Providers.Any(one => one.Dialect == dialect && one.ApiKeyByOrg.ContainsKey(org)))
            {
                ownAccount = true;
                continue;
            }

            if (at is null) return ReferenceCheck.Refuse(NotFound(reference));
            if (provider is not null && provider != at) return ReferenceCheck.Refuse(ElsewhereThanOthers(reference));
            provider = at;
        }

        return ReferenceCheck.Bind(new(provider, ownAccount ? org : null));
    }

    /// <summary>Whether the model that the request asks for may exist in one account only, so that it must be checked although the body names
    /// nothing.</summary>
    public static bool MayBePrivate(Routes routes, string asked) =>
        routes.Only is { } only && (PrivateModel.IsPrivate(asked) || PrivateModel.AreDeployments(only.Options.BaseUrl));

    /// <summary>Models of one account that the body's reader cannot recognise: named by the address or by a form, or at a provider where every model is the
    /// account's.</summary>
    private static IEnumerable<KeptReference> AccountModels(Routes routes, ProviderDialect dialect, string? asked, IReadOnlyList<string> beside)
    {
        if (asked is not null && MayBePrivate(routes, asked)) yield return KeptReference.To(asked);
        if (beside.Count == 0 || !routes.Options.Providers.Any(one => one.Dialect == dialect && PrivateModel.AreDeployments(one.BaseUrl))) yield break;
        foreach (var model in beside)
        {
            if (!routes.NamesOf(model).Any()) yield return KeptReference.To(model);
        }
    }

    /// <summary>The model list of a key applies also to models that tools and lists of fallbacks name.</summary>
    public static GatewayRefusal? RefusalOf(
        GatewayCaller caller, Routes routes, ProviderDialect dialect, KeyScope scope, string? asked, IReadOnlyList<string> models)
    {
        foreach (var named in models)
        {
            if (dialect is ProviderDialect.Gemini)
            {
                var model = named.StartsWith("models/", StringComparison.Ordinal) ? named["models/".Length..] : named;
                if (asked is not null && model != asked)
                {
                    return new(ApiError.ParameterInvalid, $"'model' in the body is '{named}', but the address names '{asked}'. Leave 'model' out of the body.",
                        "model");
                }

                continue;
            }

            if (caller.Spender.Refusal(scope, named) is not { } refused) continue;
            if (!routes.NamesOf(named).Any(name => caller.Spender.Refusal(scope, name) is null)) return refused;
        }

        return null;
    }

    /// <returns>The provider that stores the object for the org, or for all orgs; null: there is none.</returns>
    private async ValueTask<string?> ProviderOfAsync(
        string org, KeptReference reference, Routes routes, ProviderDialect dialect, CancellationToken cancellationToken)
    {
        if (ProviderObject.IsValidId(reference.Id) && await FindAsync(org, reference, cancellationToken) is { } kept)
        {
            return Encoding.UTF8.GetString(JsonMember.Text(Encoding.UTF8.GetBytes(kept.Body), "provider"u8));
        }

        return routes.Options.Providers.FirstOrDefault(one => one.Dialect == dialect && one.SharedObjects.Contains(reference.Id))?.Name;
    }

    private async ValueTask<ProviderObject?> FindAsync(string org, KeptReference reference, CancellationToken cancellationToken)
    {
        if (stored.FindRecent(org, reference.Kind, reference.Id) is { } recent) return recent;
        var kept = await objects.ObjectAsync(org, reference.Kind, reference.Id, cancellationToken);
        return kept is { Object.Kind: ObjectKind.File, End: not null } ? null : kept?.Object;
    }

    private static GatewayRefusal ElsewhereThanOthers(KeptReference reference) =>
        new(ApiError.ParameterInvalid, $"'{reference.Member}' names an object at another provider than the others in the request.", reference.Member);

    /// <summary>The same text whether another org has the object or no org does, so that ids cannot be probed.</summary>
    private static GatewayRefusal NotFound(KeptReference reference) =>
        new(ApiError.ObjectNotFound, $"'{reference.Member}' names '{Shown(reference.Id)}', which this org does not have here.", reference.Member);

    private static string Shown(string id) => id.Length <= ProviderObject.IdLengthMax ? id : id[..ProviderObject.IdLengthMax] + "...";
}
