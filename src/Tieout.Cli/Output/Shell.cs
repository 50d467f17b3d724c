using Spectre.Console;

namespace Tieout.Cli.Output;

/// <summary>Where a command runs: what it writes to, and what its environment says. Tests bring their own.</summary>
/// <param name="Variable">An environment variable; null: not set.</param>
/// <param name="IsTerminal">Somebody is looking: progress may be shown. Colour is another question, see NO_COLOR.</param>
internal sealed record Shell(TextWriter Out, TextWriter Error, Func<string, string?> Variable, bool IsTerminal)
{
    /// <summary>What <c>TIEOUT_DATA</c> does not say otherwise, as for the server.</summary>
    public const string DefaultData = "tieout-data";

    /// <summary>Somebody is looking at the error output, whatever becomes of the output.</summary>
    public bool IsErrorTerminal { get; init; } = IsTerminal;

    /// <summary>For bytes that are passed on as they are; null: write text to <see cref="Out"/>.</summary>
    public Stream? RawOut { get; init; }

    public static Shell OfProcess()
    {
        var isTerminal = !System.Console.IsOutputRedirected && !System.Console.IsErrorRedirected;
        var output = isTerminal
            ? new TerminalWriter(System.Console.Out, new(() => AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(System.Console.Out) })))
            : System.Console.Out;
        return new(output, System.Console.Error, Environment.GetEnvironmentVariable, isTerminal)
        {
            IsErrorTerminal = !System.Console.IsErrorRedirected,
            RawOut = System.Console.OpenStandardOutput(),
        };
    }
}
