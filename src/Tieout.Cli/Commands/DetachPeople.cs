using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Storage;

namespace Tieout.Cli.Commands;

/// <summary>Who detaches months. Where approvals are set, two administrators do, each with a token of their own, as with money that is moved by hand.</summary>
/// <param name="needsTwo">Whether approvals are set.</param>
/// <param name="first">The token of the person who runs the command; null: none was given.</param>
/// <param name="second">The token of the person who agrees.</param>
internal sealed class DetachPeople(bool needsTwo, string? first, string? second)
{
    public const string SecondToken = "TIEOUT_SECOND_TOKEN";

    public static DetachPeople Of(Globals globals, Invocation call, string? config)
    {
        var file = config ?? (File.Exists("tieout.yaml") ? "tieout.yaml" : null);
        try
        {
            var options = file is null ? TieoutYaml.FromEnvironment(call.Shell.Variable) : TieoutYaml.Load(file, call.Shell.Variable);
            return new(!options.Approvals.Limits.IsEmpty, call.Get(globals.Token) ?? call.Shell.Variable("TIEOUT_TOKEN"), call.Shell.Variable(SecondToken));
        }
        catch (ConfigurationException e)
        {
            throw new CommandFailedException(ExitCode.Usage, e.Message, "configuration_invalid", e);
        }
    }

    /// <summary>The entry of the audit trail.</summary>
    /// <exception cref="CommandFailedException">A second person is needed and is not there.</exception>
    public AuditAction Action(IOrgs orgs, string plan, DateTimeOffset now)
    {
        const string Action = "tieout archive detach";
        var target = $"/archive/plans/{plan}";
        if (!needsTwo) return new(new Actor("archive-detach", "admin", plan), Action, target);
        var (by, agreed) = (Administrator(orgs, first, now), Administrator(orgs, second, now));
        if (by is null || agreed is null)
        {
            throw new CommandFailedException(ExitCode.Usage,
                $"Approvals are set, so two administrators detach months: give the token of one as TIEOUT_TOKEN and of the other as {SecondToken}.",
                "approval_required");
        }

        if (Person(by) == Person(agreed))
        {
            throw new CommandFailedException(
                ExitCode.Usage, "Both tokens belong to the same person. A second person must agree, with a token of their own.", "proposal_own");
        }

        return new(new Actor(by.Id, "admin", plan), Action, target) { Person = Person(by), After = Agreed(plan, agreed) };
    }

    private static string Agreed(string plan, RoleToken agreed) => Encoding.UTF8.GetString(Written(json =>
    {
        json.WriteString("plan", plan);
        json.WriteString("agreed_by", agreed.Id);
        json.WriteString("agreed_person", Person(agreed));
    }));

    private static byte[] Written(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static string Person(RoleToken token) => token.Name ?? token.Id;

    private static RoleToken? Administrator(IOrgs orgs, string? secret, DateTimeOffset now)
    {
        if (string.IsNullOrWhiteSpace(secret)) return null;
        var sha256 = SHA256.HashData(Encoding.UTF8.GetBytes(secret.Trim()));
        return orgs.Settings.Where(row => row.Kind == SettingKind.AdminToken).Select(row => RoleToken.Parse(row.Body)).FirstOrDefault(token =>
            CryptographicOperations.FixedTimeEquals(sha256, Convert.FromHexString(token.SecretSha256))
            && token is { Role: AdminRole.Admin, Revoked: false } && !(token.ExpiresAt <= now));
    }
}
