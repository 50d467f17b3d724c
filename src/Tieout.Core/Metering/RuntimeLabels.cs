namespace Tieout.Core.Metering;

/// <summary>What usage of a runtime (an app instance or an allocation) counts for, beyond the labels of all usage.</summary>
/// <param name="AppInstance">The instance's id, unique within its org.</param>
/// <param name="Component">Which part of the instance: <c>worker</c>, <c>head</c>, <c>scheduler</c> ...</param>
/// <param name="IsControlPlane">Whether that part steers work instead of doing it: its cost is a line of its own.</param>
/// <param name="OperatingMode">The mode the instance was in.</param>
/// <param name="ControlPlaneScope">Whom the control plane serves: one instance, a project, the platform ...</param>
/// <param name="Backend">What runs the instance.</param>
public sealed record RuntimeLabels(
    string? AppInstance, string? Component, bool IsControlPlane, string? OperatingMode, string? ControlPlaneScope, string? Backend);
