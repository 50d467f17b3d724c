using System.CommandLine;
using System.Text.Json;
using Tieout.Cli.Output;
using Tieout.Core;
using Tieout.Core.Pricing;

namespace Tieout.Cli.Commands;

/// <summary><c>rate FILE</c>: prices usage blocks here and now, without a server. Ends with 1 when some could not be priced.</summary>
internal static class RateCommand
{
    public static Command Build(Globals globals)
    {
        var file = new Argument<string>("FILE") { Description = "One object, an array of them, or one a line: {\"provider\", \"model\", \"usage\"}." };
        var format = new Option<string?>("--format") { Description = "golden: the format of the golden set." };
        format.AcceptOnlyFromAmong("golden");
        return globals.Running(new("rate", "Price usage blocks offline.") { file, format }, async (call, cancellationToken) =>
        {
            var bytes = await InputFile.ReadAsync(call.Get(file), cancellationToken);
            try
            {
                return call.Get(format) == "golden" ? await GoldenAsync(call.Shell, bytes) : await ItemsAsync(call, bytes);
            }
            catch (Exception e) when (e is JsonException or FormatException)
            {
                throw new CommandFailedException(ExitCode.Usage, $"{call.Get(file)}: {e.Message}", "input_malformed", e);
            }
        });
    }

    private static async Task<int> GoldenAsync(Shell shell, byte[] bytes)
    {
        using var document = JsonDocument.Parse(bytes);
        await shell.Out.WriteLineAsync(JsonOutput.Text(json => GoldenRating.Write(json, document.RootElement, BuiltinPrices.Catalogue, GoldenRating.At)));
        return ExitCode.Ok;
    }

    private static async Task<int> ItemsAsync(Invocation call, byte[] bytes)
    {
        var now = Instant.From(TimeProvider.System.GetUtcNow());
        var rated = Items(bytes).Select(item => Rating.Rate(item, PriceBook.Builtin, now, PricePolicy.AtCost)).ToList();
        if (call.Json)
        {
            await call.Shell.Out.WriteLineAsync(JsonOutput.Text(json =>
            {
                json.WriteStartObject();
                json.WriteStartArray("items");
                foreach (var item in rated) item.Write(json);
                json.WriteEndArray();
                json.WriteEndObject();
            }));
        }
        else
        {
            var table = new TextTable("KIND", "MODEL", ">PROVIDER COST", "NOTE");
            foreach (var item in rated)
            {
                if (item.Refusal is not null) table.Add("-", "-", "-", $"{item.Refusal}: {item.Where}");
                foreach (var line in item.Lines) table.Add(line.Kind, line.Model, line.Price is null ? "unpriced" : line.ProviderCost.ToString(), "");
            }

            await table.WriteAsync(call.Shell.Out);
        }

        return rated.All(item => item.Refusal is null && item.Lines.All(line => line.Price is not null)) ? ExitCode.Ok : ExitCode.Findings;
    }

    private static List<JsonElement> Items(byte[] bytes)
    {
        var items = new List<JsonElement>();
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowMultipleValues = true });
        while (reader.Read())
        {
            var value = JsonElement.ParseValue(ref reader);
            if (value.ValueKind == JsonValueKind.Array) items.AddRange(value.EnumerateArray());
            else items.Add(value);
        }

        return items;
    }
}
