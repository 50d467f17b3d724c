using System.Collections.Immutable;
using System.Text;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;

namespace Tieout.Server.Gateway.References;

/// <summary>How the reader treats the value of a member.</summary>
internal enum ReferenceUse
{
    /// <summary>An ordinary member: the reader looks inside.</summary>
    None,

    /// <summary>The client's own data (a JSON schema, arguments of its own tools): providers look nothing up in it, so the reader skips it.</summary>
    Opaque,

    /// <summary>A string, or an array of strings, or an object with <c>id</c>, names an object that the provider keeps.</summary>
    Kept,

    /// <summary>As <see cref="Kept"/>, but only an object with <c>id</c> does: a string is text.</summary>
    KeptById,

    /// <summary>As <see cref="Kept"/>, unless the value is the address of something on the public internet.</summary>
    KeptUnlessUrl,

    /// <summary>A list of objects with <c>type</c> and <c>skill_id</c>; those of type <c>anthropic</c> are the provider's own and public.</summary>
    Skills,

    /// <summary>A string, or an array of strings, names a model that the provider runs for the request.</summary>
    Model,
}

/// <param name="Kind">Of what is kept; meaningless for the other uses.</param>
internal readonly record struct ReferenceRule(ReferenceUse Use, ObjectKind Kind = default);

/// <summary>The closed list, per dialect, of members that name something at the provider. Names are compared without regard to case, as some providers
/// do.</summary>
internal sealed class ReferenceRules
{
    /// <summary>Longer than every name in the lists.</summary>
    private const int NameLengthMax = 40;

    private static readonly ReferenceRules OpenAi = new(
        [
            ("previous_response_id", new(ReferenceUse.Kept, ObjectKind.Response)),
            ("response_id", new(ReferenceUse.Kept, ObjectKind.Response)),
            ("conversation", new(ReferenceUse.Kept, ObjectKind.Conversation)),
            ("conversation_id", new(ReferenceUse.Kept, ObjectKind.Conversation)),
            ("prompt", new(ReferenceUse.KeptById, ObjectKind.Prompt)),
            ("prompt_id", new(ReferenceUse.Kept, ObjectKind.Prompt)),
            ("preset", new(ReferenceUse.Kept, ObjectKind.Prompt)),
            ("file_id", new(ReferenceUse.Kept, ObjectKind.File)),
            ("file_ids", new(ReferenceUse.Kept, ObjectKind.File)),
            ("input_file_id", new(ReferenceUse.Kept, ObjectKind.File)),
            ("vector_store_id", new(ReferenceUse.Kept, ObjectKind.VectorStore)),
            ("vector_store_ids", new(ReferenceUse.Kept, ObjectKind.VectorStore)),
            ("container", new(ReferenceUse.Kept, ObjectKind.Container)),
            ("container_id", new(ReferenceUse.Kept, ObjectKind.Container)),
            ("skill_id", new(ReferenceUse.Kept, ObjectKind.Skill)),
            ("approval_request_id", new(ReferenceUse.Kept, ObjectKind.ResponseItem)),
            ("audio", new(ReferenceUse.KeptById, ObjectKind.Audio)),
            ("voice", new(ReferenceUse.KeptById, ObjectKind.Voice)),
            ("assistant_id", new(ReferenceUse.Kept, ObjectKind.Assistant)),
            ("thread_id", new(ReferenceUse.Kept, ObjectKind.Assistant)),
            ("model", new(ReferenceUse.Model)),
            ("models", new(ReferenceUse.Model)),
            ("fallbacks", new(ReferenceUse.Model)),
            ("fallback_models", new(ReferenceUse.Model)),
            .. Opaque("parameters", "schema", "metadata", "headers", "attributes"),
        ],
        itemsIn: "input");

    private static readonly ReferenceRules Anthropic = new(
        [
            ("file_id", new(ReferenceUse.Kept, ObjectKind.File)),
            ("file_ids", new(ReferenceUse.Kept, ObjectKind.File)),
            ("container", new(ReferenceUse.Kept, ObjectKind.Container)),
            ("container_id", new(ReferenceUse.Kept, ObjectKind.Container)),
            ("skills", new(ReferenceUse.Skills, ObjectKind.Skill)),
            ("skill_id", new(ReferenceUse.Kept, ObjectKind.Skill)),
            ("model", new(ReferenceUse.Model)),
            ("models", new(ReferenceUse.Model)),
            ("fallbacks", new(ReferenceUse.Model)),
            .. Opaque("input", "input_schema", "schema", "metadata"),
        ]);

    private static readonly ReferenceRules Gemini = new(
        [
            .. Both("cachedContent", "cached_content", new(ReferenceUse.Kept, ObjectKind.CachedContent)),
            .. Both("fileUri", "file_uri", new(ReferenceUse.KeptUnlessUrl, ObjectKind.File)),
            .. Both("fileId", "file_id", new(ReferenceUse.Kept, ObjectKind.File)),
            .. Both("fileSearchStoreNames", "file_search_store_names", new(ReferenceUse.Kept, ObjectKind.VectorStore)),
            .. Both("ragCorpora", "rag_corpora", new(ReferenceUse.Kept, ObjectKind.VectorStore)),
            .. Both("ragCorpus", "rag_corpus", new(ReferenceUse.Kept, ObjectKind.VectorStore)),
            .. Both("ragFileIds", "rag_file_ids", new(ReferenceUse.Kept, ObjectKind.File)),
            .. Both("dataStore", "data_store", new(ReferenceUse.Kept, ObjectKind.VectorStore)),
            ("datastore", new(ReferenceUse.Kept, ObjectKind.VectorStore)),
            ("engine", new(ReferenceUse.Kept, ObjectKind.VectorStore)),
            ("model", new(ReferenceUse.Model)),
            .. Opaque("args", "response", "parameters", "parametersJsonSchema", "parameters_json_schema", "responseSchema", "response_schema",
                "responseJsonSchema", "response_json_schema", "labels"),
        ],
        modelsAtTop: true);

    private readonly ImmutableArray<(byte[] Name, ReferenceRule Rule)>[] _byLength = new ImmutableArray<(byte[], ReferenceRule)>[NameLengthMax + 1];

    /// <param name="itemsIn">The member of the body whose elements are items with an <c>id</c> by which the provider finds them; null: there is none.</param>
    /// <param name="modelsAtTop">A <c>model</c> in the body itself counts too, because the address names the model.</param>
    private ReferenceRules(ImmutableArray<(string Name, ReferenceRule Rule)> rules, string? itemsIn = null, bool modelsAtTop = false)
    {
        Array.Fill(_byLength, []);
        foreach (var (name, rule) in rules) _byLength[name.Length] = _byLength[name.Length].Add((Encoding.ASCII.GetBytes(name), rule));
        (ItemsIn, ModelsAtTop) = (itemsIn, modelsAtTop);
    }

    public string? ItemsIn { get; }

    public bool ModelsAtTop { get; }

    public static ReferenceRules Of(ProviderDialect dialect) => dialect switch
    {
        ProviderDialect.Anthropic => Anthropic,
        ProviderDialect.Gemini => Gemini,
        _ => OpenAi,
    };

    public ReferenceRule Find(ReadOnlySpan<byte> name)
    {
        if (name.Length > NameLengthMax) return default;
        foreach (var (known, rule) in _byLength[name.Length])
        {
            if (Ascii.EqualsIgnoreCase(known, name)) return rule;
        }

        return default;
    }

    private static IEnumerable<(string, ReferenceRule)> Opaque(params string[] names) => names.Select(name => (name, new ReferenceRule(ReferenceUse.Opaque)));

    private static IEnumerable<(string, ReferenceRule)> Both(string camel, string snake, ReferenceRule rule) => [(camel, rule), (snake, rule)];
}
