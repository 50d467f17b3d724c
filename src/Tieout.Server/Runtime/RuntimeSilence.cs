using System.Text.Json;
using System.Text.Json.Nodes;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Runtime;
using Tieout.Server.Http;
using Tieout.Storage;

namespace Tieout.Server.Runtime;

/// <summary>Retires instances whose heartbeats stopped: nobody says that they are gone, so time does.</summary>
internal sealed class RuntimeSilence(ILedger ledger, TimeSpan grace)
{
    public const string EventType = "runtime.retired";

    /// <summary>By org and id, since the start.</summary>
    public HashSet<(string Org, string Id)> Retired { get; } = [];

    /// <param name="charged">Instances that are charged up to <paramref name="due"/>, and when something was last recorded of each.</param>
    /// <exception cref="StoreUnavailableException">The rest is retired next time; told and retired is each once.</exception>
    public async Task RetireAsync(IEnumerable<(ActivityLog Log, Instant HeardOf)> charged, long due, Instant now, CancellationToken cancellationToken)
    {
        foreach (var (log, heardOf) in charged.ToList())
        {
            // Activity of long ago may be handed in today, piece by piece: silent is who sends nothing, too.
            if (log.Instance.HeartbeatSeconds is not { } bound || log.Events.Count == 0 || log.Events[^1].Second >= due || now - heardOf < grace) continue;
            if (log.SilentSince(due) is not { } since || now - RuntimeRecords.At(since) < grace) continue;
            var (org, id) = (log.Instance.Org, log.Instance.Id);
            var body = new JsonObject
            {
                ["org"] = org,
                ["app_instance_id"] = id,
                ["correlation_id"] = log.Instance.CorrelationId,
                ["last_sign_of_life"] = RuntimeRecords.At(since - bound).ToString(),
                ["usage_ended"] = RuntimeRecords.At(since).ToString(),
            };

            // Told first: whoever dies in between tells and retires it again, and both count once.
            (await ledger.SubmitAsync(new Command.Announce($"runtime/{id}/retired", org, EventType, body.ToJsonString()), cancellationToken)).OrThrow();
            await ledger.SubmitAsync(new Command.EndObject(org, ObjectKind.Runtime, id,
                JsonSerializer.Serialize(new(RuntimeRecords.At(since).ToString()), RuntimeJson.Default.KeptRetirement)), cancellationToken);
            Retired.Add((org, id));
        }
    }
}
