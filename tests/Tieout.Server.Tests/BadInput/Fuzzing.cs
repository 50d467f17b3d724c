using System.Diagnostics;
using System.Globalization;

namespace Tieout.Server.Tests.BadInput;

/// <summary>How long each fuzz test goes on: short with every run, as long as one likes by <c>TIEOUT_FUZZ_SECONDS</c>.</summary>
internal static class Fuzzing
{
    /// <summary>Also on a machine that is busy with something else.</summary>
    private const int RoundsMin = 60;

    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable("TIEOUT_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 0.7);

    /// <param name="round">From 1.</param>
    public static bool GoesOn(Stopwatch clock, int round) => round <= RoundsMin || clock.Elapsed < Lasting;

    /// <summary>Another seed for each run by <c>TIEOUT_FUZZ_SEED</c>; a failure names the one it had.</summary>
    public static int Seed(int seed) =>
        seed + (int.TryParse(Environment.GetEnvironmentVariable("TIEOUT_FUZZ_SEED"), CultureInfo.InvariantCulture, out var other) ? other : 0);
}
