namespace Tieout.Cli.Commands;

/// <summary>Files that commands read.</summary>
internal static class InputFile
{
    /// <exception cref="CommandFailedException">It cannot be opened.</exception>
    public static FileStream Open(string path)
    {
        try
        {
            return File.OpenRead(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"{path} cannot be read: {e.Message}", inner: e);
        }
    }

    /// <exception cref="CommandFailedException">It cannot be read.</exception>
    public static async Task<byte[]> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllBytesAsync(path, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"{path} cannot be read: {e.Message}", inner: e);
        }
    }
}
