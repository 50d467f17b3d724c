namespace Tieout.Server.Http;

/// <summary>Compares figures that are read one after another while charges go on: one that falls between two readings is no difference, so all is read again
/// before a difference is called one.</summary>
internal static class AgreeingRead
{
    private const int ReadsMax = 8;

    /// <summary>What was read when the figures agreed, or the last time.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> read, Func<T, bool> agrees, CancellationToken cancellationToken)
    {
        for (var reading = 1; ; reading++)
        {
            var figures = await read();
            if (reading == ReadsMax || agrees(figures)) return figures;
            await Task.Delay(TimeSpan.FromMilliseconds(5 * reading), cancellationToken);
        }
    }
}
