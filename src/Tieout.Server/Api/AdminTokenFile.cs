using System.Security.Cryptography;
using System.Text;

namespace Tieout.Server.Api;

/// <summary>The admin token as it is kept in the data folder: made once, readable by its owner only.</summary>
public static class AdminTokenFile
{
    /// <summary>Names the environment variable that outranks the file.</summary>
    public const string Variable = "TIEOUT_ADMIN_TOKEN";

    public static string In(string dataFolder) => Path.Combine(dataFolder, "admin-token");

    /// <summary>The token kept there, or a new one of 256 random bits, kept from now on.</summary>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    public static string Load(string dataFolder)
    {
        if (Read(dataFolder) is { } kept) return kept;
        var made = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Directory.CreateDirectory(dataFolder);
        using var file = new FileStream(In(dataFolder), options);
        file.Write(Encoding.ASCII.GetBytes(made + "\n"));
        file.Flush(flushToDisk: true);
        return made;
    }

    /// <summary>Null: there is none, or it is not for us to read.</summary>
    public static string? Read(string dataFolder)
    {
        try
        {
            var text = File.ReadAllText(In(dataFolder)).Trim();
            return text.Length == 0 ? null : text;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
