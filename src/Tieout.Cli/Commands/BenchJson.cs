using System.Text.Json.Serialization;
using Tieout.Cli.Bench;
using Tieout.Storage.Bench;

namespace Tieout.Cli.Commands;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(LedgerBenchResult))]
[JsonSerializable(typeof(ReconcileBenchResult))]
[JsonSerializable(typeof(GatewayBenchResult))]
internal sealed partial class BenchJson : JsonSerializerContext;
