using System.Security.Cryptography;
using System.Text;

namespace Tieout.Server.Api;

/// <summary>The token that may do everything. Never logged and never answered; compared in constant time.</summary>
public sealed class AdminToken
{
    /// <summary>Names the environment variable that outranks the file.</summary>
    public const string Variable = "TIEOUT_ADMIN_TOKEN";

    private const string FileName = "admin-token";
    private readonly byte[] _sha256;

    private AdminToken(string value, string? path)
    {
        _sha256 = SHA256.HashData(Encoding.UTF8.GetBytes(value));
        Path = path;
    }

    /// <summary>The file it is kept in; null: it came from the environment.</summary>
    public string? Path { get; }

    /// <summary>That of the environment, else that of the data folder, which is made there if there is none yet: 256 random bits, readable by its owner only.</summary>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    public static AdminToken Load(string? fromEnvironment, string dataFolder)
    {
        if (!string.IsNullOrWhiteSpace(fromEnvironment)) return new(fromEnvironment.Trim(), path: null);
        var path = FileIn(dataFolder);
        if (Read(dataFolder) is { } kept) return new(kept, path);

        var made = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        Directory.CreateDirectory(dataFolder);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(path, options))
        {
            file.Write(Encoding.ASCII.GetBytes(made + "\n"));
            file.Flush(flushToDisk: true);
        }

        return new(made, path);
    }

    /// <summary>The token kept in a data folder; null: none, or not for us to read.</summary>
    public static string? Read(string dataFolder)
    {
        try
        {
            var text = File.ReadAllText(FileIn(dataFolder)).Trim();
            return text.Length == 0 ? null : text;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Hashes first, so that neither content nor length tells in the time taken.</summary>
    public bool Matches(string token) => CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(token)), _sha256);

    private static string FileIn(string dataFolder) => System.IO.Path.Combine(dataFolder, FileName);
}
