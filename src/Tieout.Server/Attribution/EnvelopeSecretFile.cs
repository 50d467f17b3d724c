using System.Security.Cryptography;
using System.Text;
using Tieout.Core.Attribution;
using Tieout.Server.Configuration;
using Tieout.Storage;

namespace Tieout.Server.Attribution;

/// <summary>The envelope secret as it is kept in the data folder: beside the ledger, never in it; made once, readable by its owner only.</summary>
public static class EnvelopeSecretFile
{
    /// <summary>Names the environment variable that outranks the file.</summary>
    public const string Variable = "TIEOUT_ENVELOPE_SECRET";

    /// <summary>Names the environment variable that names another file.</summary>
    public const string FileVariable = "TIEOUT_ENVELOPE_SECRET_FILE";

    public static string In(string dataFolder) => Path.Combine(dataFolder, "envelope-secret");

    /// <summary>The secret kept there, or a new one of 256 random bits, kept from now on.</summary>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    /// <exception cref="ConfigurationException">What is kept there is too short to be a secret.</exception>
    public static EnvelopeSecret Load(string dataFolder)
    {
        if (File.Exists(In(dataFolder))) return Parse(File.ReadAllText(In(dataFolder)));
        var made = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(EnvelopeSecret.BytesMin));

        // Whole or not at all, and one that is there is never replaced: what was signed under it could not be verified any more.
        var unfinished = In(dataFolder) + ".new";
        PrivateFiles.CreateFolder(dataFolder);
        PrivateFiles.Write(unfinished, Encoding.ASCII.GetBytes(made + "\n"));
        File.Move(unfinished, In(dataFolder), overwrite: false);
        return Parse(made);
    }

    /// <param name="text">At least 32 characters, such as <c>openssl rand -hex 32</c> prints; on a second line the secret before it, while it still
    /// verifies.</param>
    /// <exception cref="ConfigurationException">It is too short to be a secret.</exception>
    public static EnvelopeSecret Parse(string text)
    {
        var lines = SecretLines.Parse(text, Variable);
        return Made(lines[0], lines.Count > 1 ? Made(lines[1], previous: null) : null);
    }

    private static EnvelopeSecret Made(string line, EnvelopeSecret? previous)
    {
        var bytes = Encoding.UTF8.GetBytes(line);
        return bytes.Length >= EnvelopeSecret.BytesMin
            ? new(bytes, previous)
            : throw new ConfigurationException(
                $"{Variable}: an envelope secret has at least {EnvelopeSecret.BytesMin} characters, such as 'openssl rand -hex 32' prints.");
    }
}
