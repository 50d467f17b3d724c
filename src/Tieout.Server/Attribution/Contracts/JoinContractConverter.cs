using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Attribution.Contracts;

namespace Tieout.Server.Attribution.Contracts;

/// <summary>A contract in the API as it is in the ledger: there is one form of it.</summary>
internal sealed class JoinContractConverter : JsonConverter<JoinContract>
{
    public override JoinContract Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return JoinContract.Parse(document.RootElement.GetRawText());
    }

    public override void Write(Utf8JsonWriter writer, JoinContract value, JsonSerializerOptions options) => writer.WriteRawValue(value.ToJson());
}
