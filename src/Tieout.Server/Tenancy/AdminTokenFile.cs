using System.Security.Cryptography;
using System.Text;
using Tieout.Server.Configuration;
using Tieout.Storage;

namespace Tieout.Server.Tenancy;

/// <summary>The admin token as it is kept in a file: made once in the data folder, readable by its owner only, read again when it changes.</summary>
public static class AdminTokenFile
{
    /// <summary>Names the environment variable that outranks the file.</summary>
    public const string Variable = "TIEOUT_ADMIN_TOKEN";

    /// <summary>Names the environment variable that names another file.</summary>
    public const string FileVariable = "TIEOUT_ADMIN_TOKEN_FILE";

    /// <summary>128 bits in hexadecimal.</summary>
    private const int LengthMin = 32;

    /// <summary>A random token of that length has more, but for one in many millions; a repeated word has fewer.</summary>
    private const int DistinctMin = 8;

    public static string In(string dataFolder) => Path.Combine(dataFolder, "admin-token");

    /// <summary>The token kept there, or a new one of 256 random bits, kept from now on.</summary>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    /// <exception cref="ConfigurationException">It is too easily guessed.</exception>
    public static string Load(string dataFolder)
    {
        if (Read(dataFolder) is { } kept) return Checked(kept, In(dataFolder));
        var made = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        PrivateFiles.CreateFolder(dataFolder);
        PrivateFiles.Write(In(dataFolder), Encoding.ASCII.GetBytes(made + "\n"));
        return made;
    }

    /// <summary>The first token of the file; null: there is none, or the file may not be read.</summary>
    public static string? First(string dataFolder) => Read(dataFolder) is { } text ? SecretLines.Parse(text, In(dataFolder))[0] : null;

    /// <summary>The text, if no token in it is easily guessed: the admin token opens everything, for ever, to whoever finds it.</summary>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="ConfigurationException">It is too short or too simple.</exception>
    public static string Checked(string text, string name)
    {
        foreach (var token in SecretLines.Parse(text, name))
        {
            if (token.Length < LengthMin || token.Distinct().Count() < DistinctMin)
            {
                throw new ConfigurationException(
                    $"{name}: an admin token must have at least {LengthMin} random characters: make one with 'openssl rand -hex 32'.");
            }
        }

        return text;
    }

    private static string? Read(string dataFolder)
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
