using System.CommandLine;
using System.Text.Json.Serialization.Metadata;
using Tieout.Cli.Output;
using Tieout.Server.Api;

namespace Tieout.Cli.Commands;

/// <summary>One run of a command: what was given, and where its answer goes.</summary>
internal sealed class Invocation(Globals globals, ParseResult parsed, Shell shell)
{
    public ParseResult Parsed => parsed;
    public Shell Shell => shell;
    public bool Json => parsed.GetValue(globals.Json);

    public T Get<T>(Option<T> option) => parsed.GetValue(option)!;

    public T Get<T>(Argument<T> argument) => parsed.GetValue(argument)!;

    public Uri Server
    {
        get
        {
            var text = parsed.GetValue(globals.Server) ?? NotEmpty(shell.Variable("TIEOUT_URL")) ?? Globals.DefaultServer;
            return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
                ? url
                : throw new CommandFailedException(ExitCode.Usage, $"'{text}' is not the address of a server: write one such as {Globals.DefaultServer}.");
        }
    }

    /// <summary>As given; else, for a server on this machine, that of the data folder beside us.</summary>
    public string? Token => parsed.GetValue(globals.Token) ?? NotEmpty(shell.Variable("TIEOUT_TOKEN")) ?? NotEmpty(shell.Variable(AdminTokenFile.Variable))
        ?? (Server.IsLoopback ? AdminTokenFile.Read(NotEmpty(shell.Variable("TIEOUT__DATA")) ?? Shell.DefaultData) : null);

    public ApiClient Client() => new(Server, Token);

    /// <summary>The answer: as JSON if that is asked for, else as <paramref name="text"/> writes it.</summary>
    public async Task AnswerAsync<T>(T answer, JsonTypeInfo<T> type, Func<T, TextWriter, Task> text)
    {
        if (Json) await shell.Out.WriteLineAsync(JsonOutput.Text(answer, type));
        else await text(answer, shell.Out);
    }

    private static string? NotEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
