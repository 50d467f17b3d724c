using System.Text.RegularExpressions;

namespace Tieout.Server.Configuration;

/// <summary>The configuration is invalid. The message is one sentence for the person who wrote it, with file, line and column. It never repeats a password of
/// an address.</summary>
public sealed partial class ConfigurationException(string message, Exception? inner = null) : Exception(WithoutPasswords(message), inner)
{
    /// <summary><c>scheme://user:password@</c> with the password left out.</summary>
    internal static string WithoutPasswords(string text) => Password().Replace(text, "$1***@");

    [GeneratedRegex("""(://[^\s/:@'"]*:)[^\s'"]*@""", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Password();
}
