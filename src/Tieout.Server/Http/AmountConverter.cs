using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Money;
using Tieout.Server.Errors;

namespace Tieout.Server.Http;

/// <summary>Money in JSON is a decimal string of major units: a number would pass through a float in most clients.</summary>
internal sealed class AmountConverter : JsonConverter<Amount>
{
    public override Amount Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            throw new ApiRefusedException(ApiError.AmountInvalid, "Write amounts as decimal strings of major units, such as \"12.50\".");
        }

        return Inputs.Amount(reader.GetString(), "amount");
    }

    public override void Write(Utf8JsonWriter writer, Amount value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
