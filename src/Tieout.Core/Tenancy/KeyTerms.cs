namespace Tieout.Core.Tenancy;

/// <summary>What limits a key beyond its org and team. Null: not limited.</summary>
/// <param name="ExpiresAt">From then on the key is refused.</param>
/// <param name="PreviousSha256">The hash of the secret before the last rotation, which stays good until <paramref name="PreviousUntil"/>.</param>
/// <param name="Models">What it may ask for, by the names clients use; one <c>*</c> at the end stands for anything.</param>
/// <param name="Scopes">Names of <see cref="KeyScope.All"/>, or <see cref="KeyScope.Inference"/>. Null: inference only.</param>
/// <param name="Metadata">The platform's own notes; at most <see cref="MetadataMax"/>.</param>
public sealed record KeyTerms(
    DateTimeOffset? ExpiresAt = null, string? PreviousSha256 = null, DateTimeOffset? PreviousUntil = null,
    IReadOnlyList<string>? Models = null, IReadOnlyList<string>? Scopes = null, IReadOnlyDictionary<string, string>? Metadata = null)
{
    public const int MetadataMax = 32;
    public const int ModelsMax = 256;

    /// <summary>Characters of one value of <see cref="Metadata"/>.</summary>
    public const int MetadataValueMax = 512;

    public static KeyTerms None { get; } = new();

    public bool AllowsModel(string model)
    {
        if (Models is null) return true;
        foreach (var allowed in Models)
        {
            var fits = allowed.EndsWith('*') ? model.StartsWith(allowed.AsSpan(0, allowed.Length - 1), StringComparison.Ordinal) : model == allowed;
            if (fits) return true;
        }

        return false;
    }

    /// <summary>Without scopes of its own a key has <see cref="KeyScope.Inference"/>.</summary>
    public bool Allows(KeyScope scope) => Scopes is null ? scope.IsInference : Scopes.Contains(scope.Name) || (scope.IsInference && Scopes.Contains(KeyScope.Inference));
}
