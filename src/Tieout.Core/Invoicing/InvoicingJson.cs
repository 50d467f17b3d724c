using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Invoicing;

/// <summary>Issued documents as they are kept: amounts as decimal strings, so that what was issued can be read without us.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, IgnoreReadOnlyProperties = true,
    Converters = [typeof(DecimalStringConverter), typeof(SourceConverter)])]
[JsonSerializable(typeof(FinalInvoice))]
[JsonSerializable(typeof(CreditNote))]
internal sealed partial class InvoicingJson : JsonSerializerContext;

internal sealed class DecimalStringConverter : JsonConverter<Amount>
{
    public override Amount Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Amount.TryParse(reader.GetString(), out var amount) ? amount : throw new JsonException("Not an amount.");

    public override void Write(Utf8JsonWriter writer, Amount value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

internal sealed class SourceConverter() : JsonStringEnumConverter<UsageSource>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);
