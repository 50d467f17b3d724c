using System.CommandLine;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using Tieout.Cli.Output;
using Tieout.Server.Tenancy;
using Tieout.Storage;

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
    public string? Token =>
        parsed.GetValue(globals.Token)
            ?? FromFile(parsed.GetValue(globals.TokenFile) ?? NotEmpty(shell.Variable("TIEOUT_TOKEN_FILE")))
                ?? NotEmpty(shell.Variable("TIEOUT_TOKEN")) ?? NotEmpty(shell.Variable(AdminTokenFile.Variable))
        ?? (Server.IsLoopback ? AdminTokenFile.First(NotEmpty(shell.Variable("TIEOUT__DATA")) ?? Shell.DefaultData) : null);

    public ApiClient Client() => new(Server, Token);

    /// <summary>The answer: as JSON if that is asked for, else as <paramref name="text"/> writes it.</summary>
    public async Task AnswerAsync<T>(T answer, JsonTypeInfo<T> type, Func<T, TextWriter, Task> text)
    {
        if (Json) await shell.Out.WriteLineAsync(JsonOutput.Text(answer, type));
        else await text(answer, shell.Out);
    }

    /// <summary>Passes an answer on as it comes, byte for byte.</summary>
    public async Task CopyAsync(ApiClient api, string path, CancellationToken cancellationToken)
    {
        if (shell.RawOut is { } raw)
        {
            await api.CopyAsync(path, raw, cancellationToken);
            await raw.FlushAsync(cancellationToken);
            return;
        }

        using var bytes = new MemoryStream();
        await api.CopyAsync(path, bytes, cancellationToken);
        await shell.Out.WriteAsync(Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
    }

    /// <summary>The first line of a file, so that a token is neither in the list of processes nor in a shell's history.</summary>
    private string? FromFile(string? file)
    {
        if (file is null) return null;
        try
        {
            if (PrivateFiles.IsOpenToOthers(file))
            {
                shell.Error.WriteLine($"Warning: other users of this machine can read the token in {file}. Run 'chmod 600 {file}'.");
            }

            return NotEmpty(File.ReadLines(file).FirstOrDefault())
                ?? throw new CommandFailedException(ExitCode.Usage, $"{file} holds no token: its first line must be the token.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"The token file {file} cannot be read: {e.Message}", inner: e);
        }
    }

    private static string? NotEmpty(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
