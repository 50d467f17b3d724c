using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;
using Tieout.Storage;

namespace Tieout.Server.Reconciliation.Surfaces;

/// <summary>A time in which a surface is further off than is normal. Kept in the ledger, so that neither a restart nor another server begins it anew.</summary>
/// <param name="SinceMicros">When it began, in microseconds since 1970-01-01 UTC.</param>
/// <param name="Told">Whether an alert said so.</param>
/// <param name="Over">It has ended.</param>
internal sealed record DriftEpisode(long SinceMicros, bool Told, bool Over)
{
    [JsonIgnore]
    public Instant Since => new(SinceMicros);

    /// <summary>The one that the surface is in; null: none.</summary>
    public static async Task<DriftEpisode?> OfAsync(IRecordsReader records, SurfaceOptions surface, CancellationToken cancellationToken) =>
        await records.RecordAsync(new(RecordKind.SurfaceDrift, surface.Org ?? "", surface.Name), cancellationToken) is { } row
            && JsonSerializer.Deserialize(row.Body, DriftJson.Default.DriftEpisode) is { Over: false } episode ? episode : null;

    public Command Keep(SurfaceOptions surface) =>
        new Command.AddRecord(
            RecordKind.SurfaceDrift, surface.Org ?? "", surface.Name, JsonSerializer.Serialize(this, DriftJson.Default.DriftEpisode), Once: false);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(DriftEpisode))]
internal sealed partial class DriftJson : JsonSerializerContext;
