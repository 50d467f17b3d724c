namespace Tieout.Core.Tenancy;

/// <summary>One kind of work that a key may do. This list is the only one: every door asks it, and the names are stored, answered and documented.</summary>
public sealed record KeyScope
{
    /// <summary>Stands for every scope that <see cref="IsInference"/>. A key without scopes of its own has these and no others.</summary>
    public const string Inference = "inference";

    public static readonly KeyScope Chat = Model("chat", "Chat completions.");
    public static readonly KeyScope Responses = Model("responses", "Responses, and reading or cancelling stored ones.");
    public static readonly KeyScope Completions = Model("completions", "Text completions.");
    public static readonly KeyScope Embeddings = Model("embeddings", "Embeddings.");
    public static readonly KeyScope Images = Model("images", "Image generation, edits and variations.");
    public static readonly KeyScope Audio = Model("audio", "Speech, transcriptions and translations.");
    public static readonly KeyScope Moderations = Model("moderations", "Moderations.");
    public static readonly KeyScope Messages = Model("messages", "Anthropic messages and token counts.");
    public static readonly KeyScope Gemini = Model("gemini", "Gemini content generation and token counts.");
    public static readonly KeyScope Files = Model("files", "Files that batches read and write.");
    public static readonly KeyScope Batches = Model("batches", "Batches.");
    public static readonly KeyScope UsageWrite = Model(
        "usage.write", "Hand in usage of calls made elsewhere, priced by the price lists, within the limits of org and key.");

    public static readonly KeyScope UsageFacts = Own(
        "usage.facts", "With usage.write: hand in usage that goes beyond a hard limit, within the key's cap on facts.");
    public static readonly KeyScope Envelopes = Own("envelopes", "Issue and verify identity envelopes, and record their hops.");
    public static readonly KeyScope Guard = Own("guard", "Ask whether a guarded action may run.");
    public static readonly KeyScope ReadUsage = Own("read.usage", "Read the org's usage, operations, traces, errors and runtimes.");
    public static readonly KeyScope ReadBilling = Own("read.billing", "Read the org's balance, budgets, costs, invoices and documents.");

    private KeyScope(string name, bool isInference, string meaning) => (Name, IsInference, Meaning) = (name, isInference, meaning);

    public string Name { get; }

    /// <summary>Spends on model calls within the limits of org and key, whether the gateway makes them or an application made them and hands in their usage.
    /// Reads nothing.</summary>
    public bool IsInference { get; }

    /// <summary>One sentence for people who give scopes to keys.</summary>
    public string Meaning { get; }

    public static IReadOnlyList<KeyScope> All { get; } =
    [
        Chat, Responses, Completions, Embeddings, Images, Audio, Moderations, Messages, Gemini, Files, Batches, UsageWrite,
        UsageFacts, Envelopes, Guard, ReadUsage, ReadBilling,
    ];

    public static bool IsKnown(string name) => name == Inference || All.Any(scope => scope.Name == name);

    public override string ToString() => Name;

    private static KeyScope Model(string name, string meaning) => new(name, isInference: true, meaning);

    private static KeyScope Own(string name, string meaning) => new(name, isInference: false, meaning);
}
