namespace Tieout.Server.Gateway.References;

/// <summary>Tells models that exist in one account only from those that every customer of a provider may ask for, by their names.</summary>
/// <remarks>Providers name what an account has by a form of its own. A private model with a plain name cannot be told from a public one: see
/// <see cref="AreDeployments"/>.</remarks>
internal static class PrivateModel
{
    /// <summary>Every name of a private model contains one of them.</summary>
    private static readonly System.Buffers.SearchValues<char> Marks = System.Buffers.SearchValues.Create(":/#@\\");

    /// <summary>Google's <c>tunedModels/NAME</c> and <c>projects/...</c>, Vertex' <c>endpoints/ID</c>, Fireworks' <c>accounts/NAME/deployments/ID</c>; and what
    /// leads out of the path to a model.</summary>
    private static readonly string[] Folders = ["tunedModels", "projects", "endpoints", "deployments", "deployedModels", "custom-model", "custom-models",
        "cachedContents", ".", ".."];

    /// <summary>Accounts at Fireworks whose models are for everybody.</summary>
    private static readonly string[] PublicAccounts = ["fireworks", "yi-01-ai", "stability"];

    public static bool IsPrivate(string model)
    {
        if (!model.AsSpan().ContainsAny(Marks)) return false;
        var rest = model.AsSpan();
        foreach (var range in rest.SplitAny('/', '#', '\\'))
        {
            var part = rest[range];
            if (IsTuned(part) || IsPreset(part) || IsPrivateArn(part) || IsAnyOf(part, Folders)) return true;
            if (Is(part, "accounts") && !IsAnyOf(Next(rest, range.End), PublicAccounts)) return true;
        }

        return false;
    }

    /// <summary>The name as an operator lists it: <c>openai/ft:x</c>, for a provider behind a router, is <c>ft:x</c>.</summary>
    public static string Id(string model) => model[(model.LastIndexOf('/') + 1)..] is var own && IsTuned(own) ? own : model;

    /// <summary>Whether every model that a request names at this address is a deployment of the account, whatever its name: so it is at Azure, unless the
    /// address has the deployment.</summary>
    public static bool AreDeployments(Uri provider) =>
        provider.IdnHost.TrimEnd('.').EndsWith(".azure.com", StringComparison.OrdinalIgnoreCase)
            && !provider.AbsolutePath.Contains("/deployments/", StringComparison.OrdinalIgnoreCase);

    /// <summary>OpenAI's and Mistral's <c>ft:BASE:ORG::ID</c>, and OpenAI's older <c>BASE:ft-ORG-DATE</c>.</summary>
    private static bool IsTuned(ReadOnlySpan<char> part) =>
        part.StartsWith("ft:", StringComparison.OrdinalIgnoreCase) || part.Contains(":ft-", StringComparison.OrdinalIgnoreCase);

    /// <summary>OpenRouter's <c>@preset/NAME</c>, also behind a model.</summary>
    private static bool IsPreset(ReadOnlySpan<char> part) => part.EndsWith("@preset", StringComparison.OrdinalIgnoreCase);

    /// <summary>An ARN of what an account has. Foundation models are for everybody.</summary>
    private static bool IsPrivateArn(ReadOnlySpan<char> part)
    {
        if (!part.StartsWith("arn:", StringComparison.OrdinalIgnoreCase)) return false;
        Span<Range> fields = stackalloc Range[6];
        return part.Split(fields, ':') < fields.Length || !Is(part[fields[5]], "foundation-model");
    }

    private static ReadOnlySpan<char> Next(ReadOnlySpan<char> text, Index end)
    {
        var after = text[end..];
        if (after.IsEmpty) return after;
        after = after[1..];
        var length = after.IndexOfAny('/', '#', '\\');
        return length < 0 ? after : after[..length];
    }

    private static bool IsAnyOf(ReadOnlySpan<char> part, string[] names)
    {
        foreach (var name in names)
        {
            if (Is(part, name)) return true;
        }

        return false;
    }

    private static bool Is(ReadOnlySpan<char> part, string name) => part.Equals(name, StringComparison.OrdinalIgnoreCase);
}
