using System.Text.Json.Serialization;
using Tieout.Core.Money;
using Tieout.Server.Http;

namespace Tieout.Server.Runtime;

/// <summary>What makes an app instance or an allocation known.</summary>
/// <param name="Source"><c>app_runtime</c> or <c>allocation</c>.</param>
/// <param name="Provider">Whose price list holds; null: the one that models of these names belong to.</param>
/// <param name="HeartbeatSeconds">How long a sign of life proves activity; null: until the stop.</param>
public sealed record NewRuntimeBody(
    string Org, string Id, string Source, IReadOnlyList<RuntimeComponentBody> Components, string? Project = null, string? Team = null, string? Key = null,
    string? Provider = null,
    string? OperatingMode = null, string? ControlPlaneScope = null, string? RuntimeBackend = null, long? HeartbeatSeconds = null, string? CorrelationId = null);

/// <param name="Model">What the price list calls it.</param>
/// <param name="Gpus">Of one replica; 0: none, and it is charged for by the replica.</param>
public sealed record RuntimeComponentBody(string Name, string Model, int Gpus = 0, int Replicas = 1, bool ControlPlane = false);

public sealed record NewActivityBody(IReadOnlyList<ActivityBody> Items);

/// <param name="Type">start, stop, scale, mode_change or heartbeat.</param>
public sealed record ActivityBody(string Id, string At, string Type, string? Mode = null, string? Component = null, int? Replicas = null);

/// <summary>What became of the events of one call, in their order.</summary>
public sealed record ActivityTakenBody(int Accepted, int Replayed, int Conflicts, int Refused, IReadOnlyList<ActivityOutcomeBody> Items);

/// <param name="Status">accepted, replayed, conflict or refused.</param>
public sealed record ActivityOutcomeBody(int Index, string Id, string Status, string? Code, string? Detail);

/// <param name="Retired">Those of the items to which nothing happens any more.</param>
public sealed record RuntimeListBody(string Org, IReadOnlyList<NewRuntimeBody> Items, IReadOnlyList<RetiredRuntimeBody> Retired, string? NextCursor, long AsOf);

/// <param name="SilentSince">Its heartbeats stopped, and its usage ended here; null: it was retired by hand.</param>
public sealed record RetiredRuntimeBody(string Id, string At, string? SilentSince);

/// <summary>How an instance ended, as the ledger keeps it.</summary>
/// <param name="SilentSince">Null: it was retired by hand.</param>
public sealed record KeptRetirement(string? SilentSince = null);

/// <summary>An instance with what it was active and what it was charged for, side by side.</summary>
/// <param name="From">First second that is compared.</param>
/// <param name="To">Not included; what came after is not due yet.</param>
/// <param name="SilentSince">Its last sign of life ran out then, and nobody stopped it; null: it is active, stopped, or never started.</param>
/// <param name="UnbilledSeconds">Σ of the differences, whichever way they go; 0: what was charged is what was active.</param>
public sealed record RuntimeBody(
    NewRuntimeBody Runtime, string? ActiveSince, string? SilentSince, int Events, string From, string To, IReadOnlyList<RuntimeLineBody> Lines,
    long UnbilledSeconds, string TimeZone, long AsOf);

/// <param name="ActiveSeconds">By what happened. Of all replicas.</param>
/// <param name="BilledSeconds">By the usage records that stand. Of all replicas.</param>
/// <param name="Unit">What is charged for: <c>gpu_seconds</c> or <c>instance_seconds</c>.</param>
public sealed record RuntimeLineBody(
    string Component, bool ControlPlane, string Model, string? OperatingMode, long ActiveSeconds, long BilledSeconds, string Unit, long Units, Amount Charge);

/// <summary>An event as the ledger keeps it.</summary>
/// <param name="At">Microseconds since 1970-01-01 UTC.</param>
public sealed record KeptActivity(string Runtime, string Id, long At, string Type, string? Mode, string? Component, int Replicas);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, AllowDuplicateProperties = false, Converters = [typeof(AmountConverter)])]
[JsonSerializable(typeof(NewRuntimeBody))]
[JsonSerializable(typeof(NewActivityBody))]
[JsonSerializable(typeof(ActivityTakenBody))]
[JsonSerializable(typeof(RuntimeListBody))]
[JsonSerializable(typeof(RuntimeBody))]
[JsonSerializable(typeof(KeptActivity))]
[JsonSerializable(typeof(KeptRetirement))]
public sealed partial class RuntimeJson : JsonSerializerContext;
