using System.Text.Json.Serialization;
using Tieout.Storage.Bench;

namespace Tieout.Cli.Commands;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(LedgerBenchResult))]
internal sealed partial class BenchJson : JsonSerializerContext;
