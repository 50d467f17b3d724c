using Tieout.Core.Metering;

namespace Tieout.Core.Ledger;

/// <summary>What a provider keeps for an org under an id of its own making: whoever asks for it again by that id must be of the org it was made for.</summary>
/// <remarks>It counts once, for ever, by org, kind and id (L3).</remarks>
/// <param name="Id">The provider's: 1 to 512 visible ASCII characters.</param>
/// <param name="Key">The API key that asked for it.</param>
/// <param name="Attempt">The attempt that made it, and that is charged for it; null: making it was free.</param>
/// <param name="OperationId">The operation it is part of; null: none.</param>
/// <param name="IsPending">Something is still to come of it, so it is followed until its end is recorded, also over a restart.</param>
/// <param name="Body">JSON: what whoever recorded it needs to go on with it. Kept as it is, never read here.</param>
public sealed record ProviderObject(
    string Org, ObjectKind Kind, string Id, string Key, AttemptId? Attempt, string? OperationId, bool IsPending, string Body)
{
    public const int IdLengthMax = 512;

    public static bool IsValidId(string id) => id.Length is > 0 and <= IdLengthMax && id.AsSpan().IndexOfAnyExceptInRange('!', '~') < 0;
}

/// <summary>The numbers are stored and never change.</summary>
public enum ObjectKind
{
    /// <summary>An answer that the provider keeps, or works at in the background.</summary>
    Response = 1,
    File = 2,
    Batch = 3,

    /// <summary>An app instance or allocation of ours: no provider keeps it, but it is followed in the same way.</summary>
    Runtime = 4,

    /// <summary>Something that happened to one.</summary>
    RuntimeEvent = 5,

    /// <summary>A conversation that responses add to.</summary>
    Conversation = 6,

    /// <summary>One item of a response: a message, a piece of reasoning, a call.</summary>
    ResponseItem = 7,

    /// <summary>Where a provider runs a model's code.</summary>
    Container = 8,

    /// <summary>Spoken output that a later request can refer to.</summary>
    Audio = 9,

    // No address of the gateway makes these, so no org has any: requests that name them are refused, unless the configuration shares them.
    Prompt = 10,
    VectorStore = 11,
    CachedContent = 12,
    Skill = 13,
    Voice = 14,
    Assistant = 15,
    TunedModel = 16,

    /// <summary>A command that waits for a second person; see <see cref="Proposal"/>. Its key is who proposed it. No provider has it.</summary>
    Proposal = 20,
}

/// <param name="Seq">Its place among all objects, from 1.</param>
public sealed record ObjectRow(long Seq, ProviderObject Object, Instant RecordedAt, uint Crc) : ChainedRow(Crc);

/// <summary>Nothing more comes of an object: its answer is charged, or the provider no longer keeps it. Recorded once.</summary>
/// <param name="Body">JSON: how it ended.</param>
/// <param name="Commit">The commit that ends it.</param>
/// <param name="Crc">Of the end alone: the object's row keeps its own.</param>
public sealed record ObjectEnd(ObjectRow Object, string Body, Instant EndedAt, long Commit, uint Crc) : ChainedRow(Crc);

/// <summary>All that is known of an object.</summary>
public sealed record KeptObject(ObjectRow Row, ObjectEnd? End)
{
    public ProviderObject Object => Row.Object;

    /// <summary>Whether something is still to come of it.</summary>
    public bool IsPending => Object.IsPending && End is null;
}
