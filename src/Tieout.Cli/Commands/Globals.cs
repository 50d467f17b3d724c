using System.CommandLine;
using Tieout.Cli.Output;

namespace Tieout.Cli.Commands;

/// <summary>Options of every command, and how every command is run.</summary>
internal sealed class Globals(Shell shell)
{
    public const string DefaultServer = "http://127.0.0.1:4080";

    public Option<bool> Json { get; } = new("--json") { Description = "Print one JSON document.", Recursive = true };
    public Option<string?> Server { get; } = new(
        "--server")
    { Description = $"The server. Default: TIEOUT_URL, else {DefaultServer}.", Recursive = true, HelpName = "URL" };
    public Option<string?> Token { get; } = new(
        "--token")
    { Description = "The admin token, or a key of the org. Default: TIEOUT_TOKEN, else that of the data folder here.", Recursive = true };

    public Option<string?> TokenFile { get; } =
        new("--token-file")
        {
            Description = "A file that holds the token on its first line. Default: TIEOUT_TOKEN_FILE. --token outranks it.",
            Recursive = true,
            HelpName = "FILE"
        };

    /// <summary>Lets a command call the API.</summary>
    public Command Calling(Command command, Func<Invocation, ApiClient, CancellationToken, Task<int>> run) =>
        Running(command, async (invocation, cancellationToken) =>
    {
        using var client = invocation.Client();
        return await run(invocation, client, cancellationToken);
    });

    /// <summary>Lets a command run; whatever goes wrong becomes one sentence and an exit code.</summary>
    public Command Running(Command command, Func<Invocation, CancellationToken, Task<int>> run)
    {
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var invocation = new Invocation(this, parsed, shell);
            try
            {
                return await run(invocation, cancellationToken);
            }
            catch (CommandFailedException e)
            {
                await CommandLine.SayAsync(shell, e.Message, e.Code, invocation.Json);
                return e.ExitCode;
            }
        });
        return command;
    }
}
