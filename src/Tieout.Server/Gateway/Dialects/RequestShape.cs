using System.Collections.Immutable;

namespace Tieout.Server.Gateway.Dialects;

/// <summary>Where a request of one API says what the gateway must know of it. Names of members; null or empty: it has none such.</summary>
internal sealed record RequestShape
{
    /// <summary>The member that must be there.</summary>
    public string? Prompt { get; init; }

    public bool PromptIsArray { get; init; }

    /// <summary>Further members with text for the model.</summary>
    public ImmutableArray<string> MoreText { get; init; } = [];

    /// <summary>Limits of the output tokens of one answer. The first is the one to set where none is there.</summary>
    public ImmutableArray<string> OutputMax { get; init; } = [];

    /// <summary>The members in which <see cref="OutputMax"/> and <see cref="Choices"/> stand, under any of its names; empty: in the body itself.</summary>
    public ImmutableArray<string> Inside { get; init; } = [];

    /// <summary>The member in which <c>user_id</c> says whom the request is for; null: <c>user</c> does, in the body itself.</summary>
    public string? UserInside { get; init; }

    /// <summary>How many answers are asked for.</summary>
    public string? Choices { get; init; }

    /// <summary>Another name of <see cref="Choices"/>.</summary>
    public string? ChoicesToo { get; init; }

    /// <summary>The members that lead to what is not in the request: an earlier response, a cache.</summary>
    public ImmutableArray<string> Elsewhere { get; init; } = [];

    /// <summary>The model is named in the body, and not in the address.</summary>
    public bool HasModel { get; init; } = true;

    /// <summary>What is meant where no model is named; null: it must be.</summary>
    public string? ModelDefault { get; init; }

    /// <summary>The answer costs, beside the request.</summary>
    public bool HasOutput { get; init; } = true;

    /// <summary>Each answer is a thing that may have a price of its own, as an image has.</summary>
    public bool AnswersArePieces { get; init; }

    /// <summary>It is priced by characters, which are therefore counted.</summary>
    public bool CountsCharacters { get; init; }

    /// <summary>Usage comes in a stream only on request.</summary>
    public bool AsksForUsage { get; init; }
}
