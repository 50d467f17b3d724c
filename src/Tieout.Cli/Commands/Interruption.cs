using System.Globalization;
using Tieout.Cli.Output;
using Tieout.Storage;

namespace Tieout.Cli.Commands;

/// <summary>A long command that Ctrl-C ends: where its work reports rows, it stops there, and the command says what was done, that nothing is lost and how to
/// go on.</summary>
/// <param name="line">Null: nobody looks.</param>
internal sealed class Interruption(ProgressLine? line, CancellationToken cancellationToken) : IProgress<RowProgress>
{
    private long _done;

    public void Report(RowProgress value)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Volatile.Write(ref _done, value.Done);
        line?.Report(value);
    }

    /// <param name="sentence">What is true after an interruption, and how to go on.</param>
    /// <exception cref="CommandFailedException">The command was interrupted.</exception>
    public async Task<T> RunAsync<T>(Func<Task<T>> run, string sentence)
    {
        try
        {
            return await run();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            line?.Dispose();
            throw new CommandFailedException(
                ExitCode.Unreachable, string.Create(CultureInfo.InvariantCulture, $"Interrupted after {Volatile.Read(ref _done):N0} rows. {sentence}"),
                "interrupted");
        }
    }
}
