namespace Tieout.Server.Configuration;

/// <summary>A configuration file, and where its <c>${NAME}</c> and <c>${file:PATH}</c> come from. Those values are never repeated in a message: they are mostly
/// secrets.</summary>
internal sealed class YamlSource(string file, Func<string, string?> environment)
{
    private const string FilePrefix = "file:";
    private const long ValueBytesMax = 64 * 1024;

    private readonly Dictionary<string, string> _nameOfValue = new(StringComparer.Ordinal);
    private readonly List<string> _files = [];

    public string File => file;

    /// <summary>The files that values were read from.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>A variable of the environment, or the first line of a file; null: it is not set, or cannot be read.</summary>
    public string? Value(string name)
    {
        var value = name.StartsWith(FilePrefix, StringComparison.Ordinal) ? FirstLine(name[FilePrefix.Length..]) : environment(name);
        if (value is { Length: > 0 }) _nameOfValue[value] = name;
        return value;
    }

    /// <summary>A message with each such value replaced by <c>${NAME}</c>, the longest first.</summary>
    public string WithoutValues(string message)
    {
        foreach (var (value, name) in _nameOfValue.OrderByDescending(
            entry => entry.Key.Length)) message = message.Replace(value, $"${{{name}}}", StringComparison.Ordinal);
        return message;
    }

    private string? FirstLine(string path)
    {
        try
        {
            if (!_files.Contains(path)) _files.Add(path);
            if (new FileInfo(path) is not { Exists: true, Length: <= ValueBytesMax }) return null;
            return System.IO.File.ReadLines(path).FirstOrDefault()?.Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
