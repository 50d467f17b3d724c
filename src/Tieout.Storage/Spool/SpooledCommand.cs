using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;
using Tieout.Core.Pricing;

namespace Tieout.Storage.Spool;

/// <summary>A command as it lies in the spool: complete in itself, so that one damaged record harms no other.</summary>
internal static class SpooledCommand
{
    /// <exception cref="ArgumentException">It is not finished spend, nor what a provider keeps of it: only that may wait in the spool.</exception>
    public static byte[] ToBytes(Command command) => JsonSerializer.SerializeToUtf8Bytes(
        command switch
        {
            Command.Settle settle =>
                Line("settle", settle.Usage) with { Inside = settle.Inside.IsEmpty ? null : [.. settle.Inside.Select(part => Line("charge", part))] },
            Command.Charge { Fact: true } charge => Line("charge", charge.Usage),
            Command.Release release => new("release", release.Id.Value),
            Command.KeepObject keep => new("keep", Object: Spooled(keep.Object)),
            Command.EndObject end => new("end", Object: new(end.Org, end.Kind, end.Id, end.Body)),
            _ => throw new ArgumentException($"A {command.GetType().Name} does not belong in the spool.", nameof(command)),
        },
        SpoolJson.Default.SpooledLine);

    /// <exception cref="FormatException">Not what <see cref="ToBytes"/> writes.</exception>
    public static Command Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var line = JsonSerializer.Deserialize(bytes, SpoolJson.Default.SpooledLine) ?? throw new JsonException("null");
            return line.Kind switch
            {
                "settle" => new Command.Settle(Usage(line)) { Inside = line.Inside is { } inside ? [.. inside.Select(Usage)] : [] },
                "charge" => new Command.Charge(Usage(line), Fact: true),
                "release" => new Command.Release(new(line.Id)),
                "keep" => new Command.KeepObject(Object(line.Object)),
                "end" when line.Object is { } over => new Command.EndObject(over.Org, over.Kind, over.Id, over.Body),
                _ => throw new JsonException($"'{line.Kind}' is not known."),
            };
        }
        catch (JsonException error)
        {
            throw new FormatException("A record of the spool is not a command of this version.", error);
        }
    }

    private static SpooledLine Line(string kind, PricedUsage priced)
    {
        var usage = priced.Usage;
        var labels = usage.Labels;
        var counts = usage.Counts;
        return new(kind, usage.Id.Value, new(
            new(labels.Org, labels.Project, labels.Team, labels.Key, labels.Feature, labels.Provider, labels.Model, labels.Source, labels.Trigger,
                SpooledRuntime.Of(labels.Runtime)),
            usage.OperationId, usage.AttemptNo, usage.WorkflowId, usage.CorrelationId, usage.TraceId, usage.EndUser,
            usage.OccurredAt.UnixMicros, usage.DurationMs, usage.StatusCode,
            counts.InputTokens, counts.CacheReadTokens, counts.CacheWriteTokens, counts.OutputTokens, counts.ReasoningTokens, counts.More,
            usage.Basis, usage.Flags, priced.Price?.ToJson(), priced.ProviderCost.Nanos, priced.Charge.Nanos));
    }

    private static SpooledObject Spooled(ProviderObject what) =>
        new(what.Org, what.Kind, what.Id, what.Body, what.Key, what.Attempt?.Value, what.OperationId, what.IsPending);

    private static ProviderObject Object(SpooledObject? what) => what is { Key: { } key }
        ? new(what.Org, what.Kind, what.Id, key, what.Attempt is { } attempt ? new AttemptId(attempt) : null, what.Operation, what.Pending, what.Body)
        : throw new JsonException("The object is missing.");

    private static PricedUsage Usage(SpooledLine line)
    {
        var usage = line.Usage ?? throw new JsonException("The usage is missing.");
        var labels = usage.Labels;
        return new(
            new(
                new(line.Id),
                new()
                {
                    Org = labels.Org,
                    Project = labels.Project,
                    Team = labels.Team,
                    Key = labels.Key,
                    Feature = labels.Feature,
                    Provider = labels.Provider,
                    Model = labels.Model,
                    Source = labels.Source,
                    Trigger = labels.Trigger,
                    Runtime = labels.Runtime?.Labels(),
                },
                usage.Operation, usage.AttemptNo, usage.Workflow, usage.Correlation, usage.Trace, usage.EndUser,
                new Instant(usage.OccurredAt), usage.DurationMs, usage.StatusCode,
                new(usage.Input, usage.CacheRead, usage.CacheWrite, usage.Output, usage.Reasoning, usage.More), usage.Basis, usage.Flags),
            usage.Price is null ? null : ResolvedPrice.Parse(usage.Price), new Amount(usage.ProviderCost), new Amount(usage.Charge));
    }
}

internal sealed record SpooledLine(string Kind, Guid Id = default, SpooledUsage? Usage = null, SpooledLine[]? Inside = null, SpooledObject? Object = null);

internal sealed record SpooledObject(
    string Org, ObjectKind Kind, string Id, string Body, string? Key = null, Guid? Attempt = null, string? Operation = null, bool Pending = false);

internal sealed record SpooledUsage(
    SpooledLabels Labels, string Operation, int AttemptNo, string? Workflow, string? Correlation, string? Trace, string? EndUser,
    long OccurredAt, int DurationMs, int StatusCode, long Input, long CacheRead, long CacheWrite, long Output, long Reasoning, string? More,
    UsageBasis Basis, UsageFlags Flags, string? Price, Int128 ProviderCost, Int128 Charge);

internal sealed record SpooledLabels(
    string Org, string? Project, string? Team, string? Key, string? Feature, string? Provider, string? Model, UsageSource Source, string? Trigger,
    SpooledRuntime? Runtime = null);

internal sealed record SpooledRuntime(
    string? AppInstance, string? Component, bool IsControlPlane, string? OperatingMode, string? ControlPlaneScope, string? Backend)
{
    public static SpooledRuntime? Of(RuntimeLabels? labels) => labels is null
        ? null
        : new(labels.AppInstance, labels.Component, labels.IsControlPlane, labels.OperatingMode, labels.ControlPlaneScope, labels.Backend);

    public RuntimeLabels Labels() => new(AppInstance, Component, IsControlPlane, OperatingMode, ControlPlaneScope, Backend);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(SpooledLine))]
internal sealed partial class SpoolJson : JsonSerializerContext;
