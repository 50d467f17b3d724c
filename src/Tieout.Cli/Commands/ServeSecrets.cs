using Tieout.Server.Attribution;
using Tieout.Server.Configuration;
using Tieout.Server.Tenancy;

namespace Tieout.Cli.Commands;

/// <summary>Where <c>serve</c> takes its secrets from: the environment, a file that the environment names, or the data folder. Files are read again while the
/// server runs.</summary>
internal static class ServeSecrets
{
    /// <summary>The options with what the environment gives or names.</summary>
    /// <exception cref="ConfigurationException">A secret is too short, or its file cannot be read.</exception>
    public static ServerOptions Given(ServerOptions options, Func<string, string?> environment)
    {
        var (token, tokenFile) = Secret(environment, AdminTokenFile.Variable, AdminTokenFile.FileVariable);
        var (secret, secretFile) = Secret(environment, EnvelopeSecretFile.Variable, EnvelopeSecretFile.FileVariable);
        return options with
        {
            AdminToken = token is null ? null : AdminTokenFile.Checked(token, tokenFile ?? AdminTokenFile.Variable),
            EnvelopeSecret = secret is null ? null : EnvelopeSecretFile.Parse(secret),
            SecretFiles = new(tokenFile, secretFile),
        };
    }

    /// <summary>The options with the data folder's secrets where the environment gave none; they are made if they are not there.</summary>
    /// <exception cref="ConfigurationException">A secret of the data folder is too short.</exception>
    public static ServerOptions Loaded(ServerOptions options)
    {
        if (options.AdminToken is null)
        {
            options = options with
            {
                AdminToken = AdminTokenFile.Load(options.Data),
                SecretFiles = options.SecretFiles with { AdminToken = AdminTokenFile.In(options.Data) }
            };
        }

        return options.EnvelopeSecret is not null
            ? options
            : options with
            {
                EnvelopeSecret = EnvelopeSecretFile.Load(options.Data),
                SecretFiles = options.SecretFiles with { EnvelopeSecret = EnvelopeSecretFile.In(options.Data) }
            };
    }

    private static (string? Text, string? File) Secret(Func<string, string?> environment, string variable, string fileVariable)
    {
        if (environment(variable) is { Length: > 0 } given) return (given.Trim(), null);
        if (environment(fileVariable) is not { Length: > 0 } file) return (null, null);
        try
        {
            return (File.ReadAllText(file).Trim(), file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{fileVariable}: {file} cannot be read: {error.Message}", error);
        }
    }
}
