using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Runtime;
using Tieout.Server.Http;
using Tieout.Storage;

namespace Tieout.Server.Runtime;

/// <summary>Instances and what happened to them, as objects of the ledger: durable, in the hash chain, each once for ever (L3), and not in memory.</summary>
internal static class RuntimeObjects
{
    public const int PageLength = 1_000;

    /// <summary>Instances are the platform's, whoever registers them, so that the same registration by another is the same.</summary>
    private const string KeptBy = "runtime";

    public static RuntimeInstance Instance(NewRuntimeBody body) => new(
        body.Org, body.Id, body.Source == SnakeCase.Of(UsageSource.Allocation) ? UsageSource.Allocation : UsageSource.AppRuntime, body.Project, body.Team,
        body.Key, body.Provider,
        body.OperatingMode, body.ControlPlaneScope, body.RuntimeBackend, body.HeartbeatSeconds, body.CorrelationId,
        [.. body.Components.Select(
            component => new RuntimeComponent(component.Name, component.Model, component.Gpus, component.Replicas, component.ControlPlane))]);

    public static NewRuntimeBody Body(ProviderObject kept) => JsonSerializer.Deserialize(kept.Body, RuntimeJson.Default.NewRuntimeBody)!;

    public static Command Keep(NewRuntimeBody body) => new Command.KeepObject(
        new(body.Org, ObjectKind.Runtime, body.Id, KeptBy, Attempt: null, OperationId: null, IsPending: true,
            JsonSerializer.Serialize(body, RuntimeJson.Default.NewRuntimeBody)));

    public static Command Keep(string org, string runtime, ActivityEvent happened) => new Command.KeepObject(
        new(org, ObjectKind.RuntimeEvent, EventId(runtime, happened.Id), KeptBy, Attempt: null, OperationId: null, IsPending: false, JsonSerializer.Serialize(
            new(runtime, happened.Id, happened.At.UnixMicros, SnakeCase.Of(happened.Kind), happened.Mode, happened.Component, happened.Replicas),
            RuntimeJson.Default.KeptActivity)));

    /// <summary>No name has a bar, so no two pairs have the same.</summary>
    public static string EventId(string runtime, string id) => $"{runtime}|{id}";

    public static (string Runtime, ActivityEvent Event) Event(ProviderObject kept)
    {
        var body = JsonSerializer.Deserialize(kept.Body, RuntimeJson.Default.KeptActivity)!;
        return (body.Runtime, new(body.Id, new(body.At), Kind(body.Type)!.Value, body.Mode, body.Component, body.Replicas));
    }

    public static ActivityKind? Kind(string name) =>
        Enum.GetValues<ActivityKind>().Select(kind => (ActivityKind?)kind).FirstOrDefault(kind => SnakeCase.Of(kind!.Value) == name);

    /// <summary>Objects of an org that were recorded after <paramref name="after"/>, newest first.</summary>
    public static async Task<List<KeptObject>> NewerAsync(IObjectsReader read, string org, ObjectKind kind, long after, CancellationToken cancellationToken)
    {
        var newer = new List<KeptObject>();
        for (var before = long.MaxValue; ;)
        {
            var page = await read.ObjectsAsync(org, kind, before, PageLength, cancellationToken);
            newer.AddRange(page.TakeWhile(kept => kept.Row.Seq > after));
            if (page.Count < PageLength || page[^1].Row.Seq <= after) return newer;
            before = page[^1].Row.Seq;
        }
    }
}
