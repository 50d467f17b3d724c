using System.CommandLine;
using System.Globalization;
using System.Net.Http.Headers;
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

    /// <summary>Passes an answer on as it comes, byte for byte, and shows how far it is.</summary>
    /// <param name="rows">Rows that are expected; 0: not known.</param>
    /// <exception cref="CommandFailedException">It was interrupted: the output is not complete.</exception>
    public async Task CopyAsync(ApiClient api, string path, CancellationToken cancellationToken, long rows = 0)
    {
        using var bytes = new MemoryStream();
        using var progress = ProgressLine.Beside(shell);
        await using var counted = new RowStream(shell.RawOut ?? bytes, progress, rows);
        try
        {
            await api.CopyAsync(path, counted, cancellationToken);
            await counted.FlushAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            progress?.Dispose();
            throw new CommandFailedException(ExitCode.Unreachable, string.Create(CultureInfo.InvariantCulture,
                $"Interrupted after {counted.Rows:N0} lines: the output is not complete. Run the command again, or in parts with --from and --to."),
                "interrupted");
        }

        if (shell.RawOut is null) await shell.Out.WriteAsync(Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
    }

    /// <summary>Sends a file and shows how far it is.</summary>
    /// <exception cref="CommandFailedException">The file cannot be read, the server refused it, or the command was interrupted.</exception>
    public async Task<T> SendFileAsync<T>(
        ApiClient api, string path, string file, string contentType, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var progress = ProgressLine.Begin(shell, Json);
        await using var stream = InputFile.Open(file);
        await using var counted = new RowStream(stream, progress);
        using var content = new StreamContent(counted) { Headers = { ContentType = new MediaTypeHeaderValue(contentType) } };
        try
        {
            return await api.PostAsync(path, content, type, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            progress?.Dispose();
            throw new CommandFailedException(
                ExitCode.Unreachable, $"Interrupted before the server answered for {file}. Run the command again.", "interrupted");
        }
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
