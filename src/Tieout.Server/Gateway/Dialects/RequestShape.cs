using System.Collections.Immutable;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Names of the members of one API's requests that the gateway reads. Null or empty: the API has no such member.</summary>
internal sealed record RequestShape
{
    /// <summary>The required member with the prompt.</summary>
    public string? Prompt { get; init; }

    public bool PromptIsArray { get; init; }

    /// <summary>Further members with text for the model.</summary>
    public ImmutableArray<string> MoreText { get; init; } = [];

    /// <summary>Limits of the output tokens of one answer. A clamp sets the first where the request has none.</summary>
    public ImmutableArray<string> OutputMax { get; init; } = [];

    /// <summary>Names of the member that contains <see cref="OutputMax"/> and <see cref="Choices"/>; empty: the body itself does.</summary>
    public ImmutableArray<string> Inside { get; init; } = [];

    /// <summary>The member with <c>user_id</c>, the end user of the request; null: the body's own <c>user</c> is.</summary>
    public string? UserInside { get; init; }

    /// <summary>Number of answers that the client asks for.</summary>
    public string? Choices { get; init; }

    /// <summary>Another name of <see cref="Choices"/>.</summary>
    public string? ChoicesToo { get; init; }

    /// <summary>Members that refer to content outside the request: an earlier response, a cache.</summary>
    public ImmutableArray<string> Elsewhere { get; init; } = [];

    /// <summary>The body names the model, not the address.</summary>
    public bool HasModel { get; init; } = true;

    /// <summary>The model where the request names none; null: it must name one.</summary>
    public string? ModelDefault { get; init; }

    /// <summary>The answer costs, and not only the request.</summary>
    public bool HasOutput { get; init; } = true;

    /// <summary>Each answer may have a price of its own, as an image has.</summary>
    public bool AnswersArePieces { get; init; }

    /// <summary>Characters are counted, because prices may be per character.</summary>
    public bool CountsCharacters { get; init; }

    /// <summary>A stream has usage only if the request asks for it.</summary>
    public bool AsksForUsage { get; init; }
}
