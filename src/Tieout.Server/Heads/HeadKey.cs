using System.Text;
using Tieout.Core.Ledger;
using Tieout.Server.Configuration;

namespace Tieout.Server.Heads;

/// <summary>The key that heads are signed with. Keep it where whoever can write the store cannot read it.</summary>
public static class HeadKey
{
    /// <summary>Names the environment variable that names the file for <c>verify</c>.</summary>
    public const string FileVariable = "TIEOUT_HEAD_KEY_FILE";

    /// <exception cref="ConfigurationException">The file cannot be read, or its first line is too short.</exception>
    public static byte[] Read(string file)
    {
        try
        {
            var key = Encoding.UTF8.GetBytes(File.ReadLines(file).FirstOrDefault()?.Trim() ?? "");
            return key.Length >= SignedHead.KeyBytesMin
                ? key
                : throw new ConfigurationException(
                    $"{file}: the key of heads has at least {SignedHead.KeyBytesMin} characters, such as 'openssl rand -hex 32' prints.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{file}: the key of heads cannot be read: {error.Message}", error);
        }
    }
}
