using System.Buffers;
using System.Text;
using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Server.Errors;

namespace Tieout.Server.Gateway.References;

/// <summary>Finds, in one pass over a JSON body, every member that names something at the provider. Makes no objects unless there is one.</summary>
/// <remarks>The body has been read before: it is valid JSON. A name that is given twice counts twice: which of the two a provider takes is its
/// choice.</remarks>
internal ref struct ReferenceReader
{
    private static readonly JsonReaderOptions Deep = new() { MaxDepth = 256 };

    /// <summary>Without one of them a name is that of no private model: nearly every request's.</summary>
    private static readonly SearchValues<byte> ModelMarks = SearchValues.Create(":/#@\\"u8);

    private readonly ReferenceRules _rules;
    private Utf8JsonReader _json;
    private List<KeptReference>? _kept;
    private List<string>? _models;

    /// <summary>Whether the reader is in the member whose elements are items with an <c>id</c>.</summary>
    private bool _inItems;

    private ReferenceReader(ReadOnlySpan<byte> body, ReferenceRules rules)
    {
        _rules = rules;
        _json = new(body, Deep);
    }

    /// <returns>Null: the body was read.</returns>
    public static GatewayRefusal? Read(ReadOnlySpan<byte> body, ReferenceRules rules, out RequestReferences references)
    {
        references = RequestReferences.None;
        var reader = new ReferenceReader(body, rules);
        try
        {
            if (!reader.ReadAll())
            {
                return new(ApiError.BodyMalformed, $"The request names more than {RequestReferences.Max} stored objects or models. Send fewer.");
            }
        }
        catch (Exception error) when (Dialects.JsonMember.IsUnreadable(error))
        {
            return new(ApiError.BodyMalformed, "The body is not valid JSON.");
        }

        if (reader._kept is not null || reader._models is not null) references = new(reader._kept ?? [], reader._models ?? []);
        return null;
    }

    /// <returns>False: there are too many names.</returns>
    private bool ReadAll()
    {
        while (_json.Read())
        {
            if (_json.TokenType is not JsonTokenType.PropertyName) continue;
            ReadMember();
            if ((_kept?.Count ?? 0) + (_models?.Count ?? 0) > RequestReferences.Max) return false;
        }

        return true;
    }

    private void ReadMember()
    {
        var escaped = _json.ValueIsEscaped ? _json.GetString() : null;
        var name = escaped is null ? _json.ValueSpan : Encoding.UTF8.GetBytes(escaped);
        var depth = _json.CurrentDepth;
        if (depth == 1) _inItems = _rules.ItemsIn is { } items && Ascii.EqualsIgnoreCase(name, items);

        // input[i].id: the body is depth 1, the array 2, the item 3. A single item without an array: 2.
        if (_inItems && depth is 2 or 3 && IsId(name))
        {
            ReadNames(ObjectKind.ResponseItem, "input.id");
            return;
        }

        var rule = _rules.Find(name);
        switch (rule.Use)
        {
            case ReferenceUse.Opaque:
                _json.Read();
                _json.Skip();
                break;
            case ReferenceUse.Kept:
            case ReferenceUse.KeptUnlessUrl:
                ReadNames(rule.Kind, Encoding.UTF8.GetString(name), rule.Use is ReferenceUse.KeptUnlessUrl);
                break;
            case ReferenceUse.KeptById:
                var member = Encoding.UTF8.GetString(name);
                _json.Read();
                if (_json.TokenType is JsonTokenType.StartObject) ReadObject(rule.Kind, member);
                break;
            case ReferenceUse.Skills:
                ReadSkills();
                break;
            case ReferenceUse.Model:
                ReadModels(isBeside: depth > 1 || _rules.ModelsAtTop || !name.SequenceEqual("model"u8));
                break;
        }
    }

    private static bool IsId(ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(name, "id"u8);

    /// <summary>An object whose <c>id</c> is the name. The reader is at its beginning, and afterwards at its end.</summary>
    private void ReadObject(ObjectKind kind, string member)
    {
        var depth = _json.CurrentDepth;
        while (_json.Read() && _json.CurrentDepth > depth)
        {
            if (_json.TokenType is not JsonTokenType.PropertyName) continue;
            if (_json.CurrentDepth == depth + 1
                && (_json.ValueIsEscaped ? string.Equals(_json.GetString(), "id", StringComparison.OrdinalIgnoreCase) : IsId(_json.ValueSpan)))
            {
                ReadNames(kind, member + ".id");
            }
            else
            {
                ReadMember();
            }
        }
    }

    /// <summary>A string, an object with <c>id</c>, or an array of them.</summary>
    private void ReadNames(ObjectKind kind, string member, bool unlessUrl = false)
    {
        _json.Read();
        if (_json.TokenType is not JsonTokenType.StartArray)
        {
            if (_json.TokenType is JsonTokenType.StartObject) ReadObject(kind, member);
            else AddName(kind, member, unlessUrl);
            return;
        }

        var depth = _json.CurrentDepth;
        while (_json.Read() && _json.CurrentDepth > depth)
        {
            if (_json.TokenType is JsonTokenType.StartObject) ReadObject(kind, member);
            else AddName(kind, member, unlessUrl);
        }
    }

    private void AddName(ObjectKind kind, string member, bool unlessUrl)
    {
        var text = _json.TokenType switch
        {
            JsonTokenType.String => _json.GetString()!,

            // No provider has such ids; one that took the number for one must not find another org's object.
            JsonTokenType.Number => Encoding.UTF8.GetString(_json.ValueSpan),
            _ => null,
        };
        if (text is null or "") return;
        if (unlessUrl)
        {
            if (StoredAddress.IsPublic(text)) return;
            text = StoredAddress.IdOf(text);
        }

        (_kept ??= []).Add(new(kind, text, member));
    }

    /// <param name="isBeside">Whether the model is one beside the one that the request asks for.</param>
    private void ReadModels(bool isBeside)
    {
        _json.Read();
        if (_json.TokenType is JsonTokenType.String) AddModel(isBeside);
        if (_json.TokenType is not JsonTokenType.StartArray) return;
        var depth = _json.CurrentDepth;
        while (_json.Read() && _json.CurrentDepth > depth)
        {
            if (_json.TokenType is JsonTokenType.PropertyName) ReadMember();
            else if (_json.TokenType is JsonTokenType.String) AddModel(isBeside);
        }
    }

    /// <summary>A model that exists in one account only is kept there, as a file is.</summary>
    private void AddModel(bool isBeside)
    {
        if (isBeside) (_models ??= []).Add(_json.GetString()!);
        if (!_json.ValueIsEscaped && !_json.ValueSpan.ContainsAny(ModelMarks)) return;
        var model = _json.GetString()!;
        if (PrivateModel.IsPrivate(model)) (_kept ??= []).Add(KeptReference.To(model));
    }

    private void ReadSkills()
    {
        _json.Read();
        if (_json.TokenType is not JsonTokenType.StartArray) return;
        using var skills = JsonDocument.ParseValue(ref _json);
        foreach (var skill in skills.RootElement.EnumerateArray().Where(skill => skill.ValueKind is JsonValueKind.Object))
        {
            var types = skill.EnumerateObject().Where(member => member.NameEquals("type"u8)).ToList();
            if (types.Count > 0 && types.TrueForAll(type => type.Value.ValueKind is JsonValueKind.String && type.Value.ValueEquals("anthropic"u8))) continue;
            foreach (var id in skill.EnumerateObject().Where(
                member => member.Name.Equals("skill_id", StringComparison.OrdinalIgnoreCase) && member.Value.ValueKind is JsonValueKind.String))
            {
                (_kept ??= []).Add(new(ObjectKind.Skill, id.Value.GetString()!, "skill_id"));
            }
        }
    }
}
