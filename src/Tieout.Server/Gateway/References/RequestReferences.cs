using Tieout.Core.Ledger;

namespace Tieout.Server.Gateway.References;

/// <summary>One name, in a request, of an object that the provider keeps.</summary>
/// <param name="Member">The member that names it.</param>
internal readonly record struct KeptReference(ObjectKind Kind, string Id, string Member)
{
    /// <summary>To a model that exists in one account only.</summary>
    public static KeptReference To(string model) => new(ObjectKind.TunedModel, PrivateModel.Id(model), "model");
}

/// <summary>All that a request names at the provider, beside the model it asks for.</summary>
/// <param name="Models">Models that tools, sub-agents or lists of fallbacks name.</param>
internal sealed record RequestReferences(IReadOnlyList<KeptReference> Kept, IReadOnlyList<string> Models)
{
    /// <summary>Bounds the look-ups of one request.</summary>
    public const int Max = 1_000;

    public static readonly RequestReferences None = new([], []);
}
