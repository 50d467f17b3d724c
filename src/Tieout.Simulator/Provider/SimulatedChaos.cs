namespace Tieout.Simulator.Provider;

/// <summary>Decides, from the seed and a call's number alone, whether the call fails although it did not ask to.</summary>
internal sealed class SimulatedChaos
{
    private const ulong Parts = 1_000_000;

    private readonly ulong _seed;
    private readonly ulong _failingParts;
    private readonly (string Header, SimulatedFaults Faults)[] _faults;

    /// <exception cref="ArgumentException">The rate is not a share, or a fault is none.</exception>
    public SimulatedChaos(SimulatedProviderOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.FaultRate);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.FaultRate, 1);
        try
        {
            _faults = [.. options.ChaosFaults.Select(fault => (fault, SimulatedFaults.Parse(fault)))];
        }
        catch (SimulatedRequestException exception)
        {
            throw new ArgumentException(exception.Message, nameof(options), exception);
        }

        _seed = unchecked((ulong)options.Seed);
        _failingParts = _faults.Length == 0 ? 0 : (ulong)(options.FaultRate * Parts);
    }

    /// <returns>Null: this call goes well.</returns>
    public (string Header, SimulatedFaults Faults)? FaultOf(long call)
    {
        var random = Mix(call);
        if (random % Parts >= _failingParts) return null;
        return _faults[(int)(random / Parts % (ulong)_faults.Length)];
    }

    /// <summary>An id that the same seed gives again: 16 hexadecimal digits.</summary>
    public string IdOf(long call) => Mix(~call).ToString("x16", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>SplitMix64: neighbouring calls get unrelated numbers. It wraps by design.</summary>
    private ulong Mix(long call)
    {
        unchecked
        {
            var z = (_seed << 32) + (ulong)call * 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
