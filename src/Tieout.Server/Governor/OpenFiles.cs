using System.Globalization;

namespace Tieout.Server.Governor;

/// <summary>How many files and sockets this process may have open.</summary>
internal static class OpenFiles
{
    /// <summary>Kept for the store, the spool, logs and uploads: clients never get these.</summary>
    public const int Reserved = 256;

    /// <summary>Null: the system does not say. The runtime raises the soft limit to the hard one when it starts.</summary>
    public static long? Limit()
    {
        const string limits = "/proc/self/limits", name = "Max open files";
        try
        {
            if (!File.Exists(limits)) return null;
            var line = File.ReadLines(limits).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
            var soft = line?[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var files) ? files : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>How many client connections fit. A request may need a connection to its provider beside its own.</summary>
    /// <param name="limit">Null: not known.</param>
    public static int Connections(int wanted, long? limit) => limit is { } files ? (int)Math.Min(wanted, Math.Max(16, (files - Reserved) / 2)) : wanted;
}
