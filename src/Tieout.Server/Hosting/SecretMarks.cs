using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Server.Attribution;
using Tieout.Server.Configuration;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Hosting;

/// <summary>Servers of one database must have the same secrets: else each refuses the envelopes, tokens and signatures of the others. Found at the start, not
/// by customers.</summary>
/// <remarks>The marks in the ledger are derived from the envelope secret (the admin token's too), so they tell nothing of either.</remarks>
public static class SecretMarks
{
    private const string Name = "secrets";
    private const string SecretMark = "mark/envelope-secret";
    private const string EnvelopeMember = "envelope_secret";
    private const string TokenMember = "admin_token";

    /// <summary>The first server's secrets are those of the system; every other's are compared. A server that has the system's secrets as its second ones is
    /// rotating them, and its first ones are the system's from now on.</summary>
    /// <param name="adminToken">One line, or two: the new token and the one before it.</param>
    /// <param name="changed">They were changed on purpose: this server's count from now on.</param>
    /// <exception cref="ConfigurationException">They differ.</exception>
    /// <exception cref="StoreUnavailableException">See <see cref="ILedger.SubmitAsync(Command, CancellationToken)"/>.</exception>
    public static async Task AgreeAsync(ILedger ledger, EnvelopeSecret secret, string adminToken, bool changed, CancellationToken cancellationToken)
    {
        var tokens = SecretLines.Parse(adminToken, AdminTokenFile.Variable);
        var mine = MarkOf(secret, tokens[0]).ToJsonString();
        var outcome = await ledger.SubmitAsync(new Command.AddRecord(RecordKind.SecretMark, "", Name, mine, Once: !changed), cancellationToken);
        if (outcome is not Outcome.Refused) return;
        var theirs = JsonNode.Parse((await ledger.Read.RecordAsync(new(RecordKind.SecretMark, "", Name), cancellationToken))?.Body ?? "{}")!;
        var known = Chain(secret).FirstOrDefault(one => one.Check(SecretMark) == (string?)theirs[EnvelopeMember]);
        if (known is not null && tokens.Any(token => TokenMark(known, token) == (string?)theirs[TokenMember]))
        {
            await ledger.SubmitAsync(new Command.AddRecord(RecordKind.SecretMark, "", Name, mine, Once: false), cancellationToken);
            return;
        }

        var what = known is not null ? AdminTokenFile.Variable : EnvelopeSecretFile.Variable;
        throw new ConfigurationException(
            $"This server's {what} is not the one of the other servers of this store: give all of them the same. If it was changed on purpose, start the first server with --secrets-changed.");
    }

    private static JsonObject MarkOf(EnvelopeSecret secret, string token) =>
        new() { [EnvelopeMember] = secret.Check(SecretMark), [TokenMember] = TokenMark(secret, token) };

    private static string TokenMark(EnvelopeSecret secret, string token) =>
        secret.Check($"mark/admin-token/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)))}");

    private static IEnumerable<EnvelopeSecret> Chain(EnvelopeSecret secret)
    {
        for (var one = secret; one is not null; one = one.Previous) yield return one;
    }
}
