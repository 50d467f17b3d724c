using System.Text.Json.Serialization;
using Tieout.Bench.Gateway;
using Tieout.Bench.Guard;
using Tieout.Bench.Ledger;
using Tieout.Bench.Reads;
using Tieout.Bench.Spike;

namespace Tieout.Cli.Commands;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true)]
[JsonSerializable(typeof(LedgerBenchResult))]
[JsonSerializable(typeof(ReconcileBenchResult))]
[JsonSerializable(typeof(ReadsBenchResult[]))]
[JsonSerializable(typeof(GatewayBenchResult))]
[JsonSerializable(typeof(SpikeBenchResult))]
[JsonSerializable(typeof(DetectorBenchResult))]
[JsonSerializable(typeof(GuardBenchResult))]
internal sealed partial class BenchJson : JsonSerializerContext;
