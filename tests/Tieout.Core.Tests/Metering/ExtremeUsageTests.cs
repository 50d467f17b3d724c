using System.Text.Json;
using System.Text.Json.Nodes;
using Tieout.Core.Metering;
using Tieout.Core.Pricing;

namespace Tieout.Core.Tests.Metering;

/// <summary>Usage blocks of every API of every provider in the built-in price list, with a count that cannot be at each place in turn.</summary>
public sealed class ExtremeUsageTests
{
    private static readonly string[] Numbers =
    [
        "160000001", "1000000000000", "9223372036854775807", "9223372036854775808", "79228162514264337593543950335", "1e999", "-1", "-9223372036854775808",
        "-1e999", "1.5", "\"NaN\"", "\"\"", "true", "[]", "{}", "null",
    ];

    public static TheoryData<string, string> Apis =>
        [.. BuiltinPrices.Catalogue.Providers.SelectMany(provider => provider.Extractors, (provider, api) => (provider.Id, api.Flavor))];

    [Theory]
    [MemberData(nameof(Apis))]
    public void L1_a_count_that_cannot_be_is_refused_and_never_summed(string provider, string flavor)
    {
        var extractor = BuiltinPrices.Catalogue.Providers.Single(listed => listed.Id == provider).Extractor(flavor)!;
        foreach (var field in extractor.Fields)
        {
            foreach (var number in Numbers)
            {
                var answer = new JsonObject();
                foreach (var other in extractor.Fields) Put(answer, extractor.Block, other.Path, JsonNode.Parse(other == field ? number : "1"));
                var reading = extractor.Read(JsonElement.Parse(answer.ToJsonString()));
                if (reading is UsageReading.Measured({ } measured)) Assert.All(measured.Units.Counted, count => Assert.InRange(count.Value, 0, count.Key.Max));
                else Assert.IsType<UsageReading.Refused>(reading);
                if (number is not ("null" or "160000001")) Assert.True(reading is UsageReading.Refused, $"{field.Path} = {number} is read as {reading}.");
            }
        }
    }

    /// <summary>Makes the objects, and the elements of arrays, that a path leads through.</summary>
    private static void Put(JsonObject root, FieldPath block, FieldPath field, JsonNode? value)
    {
        var at = root;
        string[] steps = [.. block.ToString().Split('.'), .. field.ToString().Split('.')];
        foreach (var (index, step) in steps.Index())
        {
            if (step.Split('[', '=', ']') is [var array, var member, var wanted, _])
            {
                var elements = (JsonArray)(at[array] ??= new JsonArray());
                var element = elements.FirstOrDefault(known => (string?)known![member] == wanted)?.AsObject();
                if (element is null) elements.Add(element = new JsonObject { [member] = wanted });
                at = element;
            }
            else if (index == steps.Length - 1)
            {
                at[step] = value;
            }
            else
            {
                at = (JsonObject)(at[step] ??= new JsonObject());
            }
        }
    }
}
