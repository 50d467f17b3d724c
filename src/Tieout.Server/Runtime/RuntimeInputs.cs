using Tieout.Core;
using Tieout.Core.Runtime;
using Tieout.Core.Tenancy;
using Tieout.Server.Errors;
using Tieout.Server.Http;
using Tieout.Server.Pricing;

namespace Tieout.Server.Runtime;

/// <summary>What registrations and events must be to be metered for certain.</summary>
internal static class RuntimeInputs
{
    /// <summary>How far ahead of our clock another machine's may run.</summary>
    private static readonly TimeSpan ClockSkewMax = TimeSpan.FromMinutes(5);

    /// <exception cref="ApiRefusedException">It cannot be followed.</exception>
    public static void Check(NewRuntimeBody body)
    {
        Inputs.Name(body.Id, "id");
        if (body.Id.Length > RuntimeRecords.IdLengthMax) throw Invalid($"The id may have at most {RuntimeRecords.IdLengthMax} characters.");
        if (body.Source is not ("app_runtime" or "allocation")) throw Invalid("source must be app_runtime or allocation.");
        foreach (var (what, name) in (ReadOnlySpan<(string, string?)>)[
            ("project", body.Project), ("team", body.Team), ("key", body.Key), ("provider", body.Provider), ("operating_mode", body.OperatingMode),
            ("control_plane_scope", body.ControlPlaneScope), ("runtime_backend", body.RuntimeBackend), ("correlation_id", body.CorrelationId)])
        {
            if (name is not null) Inputs.Name(name, what);
        }

        if (body.HeartbeatSeconds is < 1 or > RuntimeInstance.HeartbeatSecondsMax)
        {
            throw Invalid($"heartbeat_seconds must be from 1 to {RuntimeInstance.HeartbeatSecondsMax}, or null.");
        }

        if (body.Components.Count is 0 or > RuntimeInstance.ComponentsMax) throw Invalid($"It must have from 1 to {RuntimeInstance.ComponentsMax} components.");
        foreach (var component in body.Components)
        {
            Inputs.Name(component.Name, "component");
            Inputs.Name(component.Model, "model");
            if (component.Gpus is < 0 or > RuntimeComponent.GpusMax) throw Invalid($"gpus must be from 0 to {RuntimeComponent.GpusMax}.");
            if (component.Replicas is < 0 or > RuntimeComponent.ReplicasMax) throw Invalid($"replicas must be from 0 to {RuntimeComponent.ReplicasMax}.");
        }

        if (body.Components.DistinctBy(component => component.Name, StringComparer.Ordinal).Count() < body.Components.Count)
        {
            throw Invalid("Two components have the same name.");
        }
    }

    /// <summary>What has no price could not be charged later either.</summary>
    /// <exception cref="ApiRefusedException">A component has none, and the org's policy refuses that.</exception>
    public static void CheckPrices(RuntimeInstance runtime, OrgPrices prices, Instant now)
    {
        foreach (var component in runtime.Components)
        {
            var answer = prices.Find(runtime.Provider, component.Model, now);
            var isPriced = answer.Price is { } price && price.Charged.For(component.Unit) is not null;
            if (!isPriced && !answer.AdmitUnpriced && prices.Policy.UnknownModel is Core.Pricing.UnknownModel.Refuse)
            {
                throw new ApiRefusedException(ApiError.ModelNotPriced,
                    $"No price list has {component.Unit} of '{component.Model}' ({runtime.Provider ?? "any provider"}), which component '{component.Name}' is charged by.");
            }
        }
    }

    /// <exception cref="ApiRefusedException">It means nothing here, or is said to happen in the future.</exception>
    public static ActivityEvent Event(RuntimeInstance runtime, ActivityBody body, Instant now)
    {
        var id = Inputs.Name(body.Id, "id");
        var kind = RuntimeObjects.Kind(body.Type) ?? throw Item("type must be start, stop, scale, mode_change or heartbeat.");
        var at = Inputs.Time(body.At, TimeZoneInfo.Utc);
        if (at > now + ClockSkewMax) throw new ApiRefusedException(ApiError.OccurredInFuture, "The event is in the future. Check the clock of the sender.");
        if (at < Instant.UnixEpoch) throw Item("at lies before 1970.");
        if (body.Mode is not null && kind is not (ActivityKind.Start or ActivityKind.ModeChange)) throw Item("Only a start and a mode_change have a mode.");
        if (kind is ActivityKind.ModeChange && body.Mode is null) throw Item("A mode_change lacks its mode.");
        if (kind is ActivityKind.Scale != (body.Component is not null && body.Replicas is not null))
        {
            throw Item("Only the event 'scale' has a component and replicas.");
        }

        if (kind is not ActivityKind.Scale && (body.Component is not null || body.Replicas is not null))
        {
            throw Item("Only a scale has a component and replicas.");
        }

        if (body.Component is not null && runtime.Components.All(component => component.Name != body.Component))
        {
            throw Item($"It has no component '{Inputs.Shown(body.Component)}'.");
        }

        if (body.Replicas is < 0 or > RuntimeComponent.ReplicasMax) throw Item($"replicas must be from 0 to {RuntimeComponent.ReplicasMax}.");
        if (body.Mode is not null && !Names.IsValid(body.Mode)) Inputs.Name(body.Mode, "mode");
        return new(id, at, kind, body.Mode, body.Component, body.Replicas ?? 0);
    }

    private static ApiRefusedException Invalid(string detail) => new(ApiError.RuntimeInvalid, detail);

    private static ApiRefusedException Item(string detail) => new(ApiError.ItemInvalid, detail);
}
