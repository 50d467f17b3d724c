using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Tieout.Simulator.Provider.Dialects;

/// <summary>How a batch is to go: the <c>X-Sim-Batch</c> header, a comma-separated list.</summary>
/// <param name="Polls"><c>polls:N</c>: how often it is found at work before it has ended.</param>
/// <param name="Done"><c>done:N</c>: only so many of its lines are worked at, then it expires.</param>
/// <param name="Twice"><c>twice</c>: every result is there two times.</param>
/// <param name="Fails"><c>failed</c>: it is found wanting, and no line is worked at.</param>
internal sealed record BatchWishes(int Polls = 1, int Done = int.MaxValue, bool Twice = false, bool Fails = false)
{
    /// <exception cref="SimulatedRequestException">A word that is none of these. Ignored, a test would pass for the wrong reason.</exception>
    public static BatchWishes Read(IHeaderDictionary headers)
    {
        var wishes = new BatchWishes();
        foreach (var wish in headers["X-Sim-Batch"].ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            wishes = wish.Split(':') switch
            {
                ["polls", var count] when Number(count) is { } polls => wishes with { Polls = polls },
                ["done", var count] when Number(count) is { } done => wishes with { Done = done },
                ["twice"] => wishes with { Twice = true },
                ["failed"] => wishes with { Fails = true },
                _ => throw new SimulatedRequestException($"X-Sim-Batch: '{wish}' is none of polls:N, done:N, twice, failed.", "X-Sim-Batch"),
            };
        }

        return wishes;
    }

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
