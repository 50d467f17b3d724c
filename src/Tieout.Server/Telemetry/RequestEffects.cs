using System.Globalization;
using Tieout.Core.Ledger;
using Tieout.Storage;

namespace Tieout.Server.Telemetry;

/// <summary>What one request has done to the ledger so far, so that a failure of the store is answered with what is known: recorded, not recorded, or
/// unknown.</summary>
/// <remarks>A request may write several times, and read afterwards. That its last step did nothing says nothing of those before.</remarks>
internal sealed class RequestEffects
{
    private const int NamedMax = 10;

    private static readonly AsyncLocal<RequestEffects?> Ambient = new();

    private readonly Lock _gate = new();
    private readonly List<string> _unknown = [];
    private int _recorded;

    /// <summary>Null: nobody asks, as on the gateway's path.</summary>
    public static RequestEffects? Current => Ambient.Value;

    /// <summary>From now on the effects of this request are counted.</summary>
    public static RequestEffects Begin() => Ambient.Value = new();

    public void Saw(Outcome outcome)
    {
        if (outcome is Outcome.Done) Interlocked.Increment(ref _recorded);
    }

    public void Failed(Command command, StoreEffect effect)
    {
        if (effect == StoreEffect.None) return;
        lock (_gate) _unknown.Add(command.Title);
    }

    /// <summary><c>none</c>, <c>unknown</c>, or <c>partial</c>.</summary>
    public string Effect(StoreUnavailableException failure)
    {
        lock (_gate) return _unknown.Count > 0 || failure.Effect == StoreEffect.Unknown ? "unknown" : Volatile.Read(ref _recorded) > 0 ? "partial" : "none";
    }

    /// <summary>What the caller may take for granted, and how to find out the rest.</summary>
    public string Sentence(StoreUnavailableException failure)
    {
        string[] unknown;
        lock (_gate) unknown = [.. _unknown];
        return Effect(failure) switch
        {
            "none" => "Nothing was recorded. Sending it again with the same id is safe.",
            "partial" => string.Create(CultureInfo.InvariantCulture,
                $"{_recorded} steps of the request were recorded before. Send all of it again with the same ids: what was recorded counts once."),
            _ => $"It is not known whether it was recorded{(unknown.Length == 0 ? "" : $" ({string.Join(", ", unknown.Take(NamedMax))}{(unknown.Length > NamedMax ? $" and {unknown.Length - NamedMax} more" : "")})")}. Send it again with the same id: it counts once, and the answer says whether it was recorded.",
        };
    }
}
