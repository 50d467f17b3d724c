namespace Tieout.Cli;

/// <summary>Ends a command. The message is one sentence for the person at the keyboard.</summary>
/// <param name="exitCode">One of <see cref="Cli.ExitCode"/>.</param>
/// <param name="code">The API's stable code, where the API said so.</param>
internal sealed class CommandFailedException(int exitCode, string message, string? code = null, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;
    public string? Code { get; } = code;
}
