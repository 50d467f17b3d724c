using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Server.Gateway.Upstreams;

namespace Tieout.Server.Gateway;

/// <summary>Resolves the labels of one attempt's records, whichever model answers. No other code of the gateway makes labels.</summary>
/// <remarks>The ledger compares labels by reference first, so each source returns one instance for the same model.</remarks>
internal readonly struct AttemptLabels
{
    private readonly GatewayCaller? _caller;
    private readonly Upstream? _upstream;
    private readonly string? _trigger;
    private readonly UsageLabels? _held;

    /// <summary>Labels of an attempt that a request makes now.</summary>
    /// <param name="trigger">Why the attempt is made; null: the caller gives no reason.</param>
    public AttemptLabels(GatewayCaller caller, Upstream upstream, string? trigger) => (_caller, _upstream, _trigger) = (caller, upstream, trigger);

    /// <summary>Labels of an attempt whose request is over: its hold has them.</summary>
    public AttemptLabels(Hold hold) => _held = hold.Scope;

    /// <param name="model">The model that answered, or the one asked for while no answer is there.</param>
    public UsageLabels Of(string model) => _held is not null
        ? _held.OfModel(model)
        : _caller!.Spender.Labels(_upstream!.Options.Name, model, _caller.Tags.Project, _caller.Tags.Feature, _trigger);
}
