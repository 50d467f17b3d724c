using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Server.Api;
using Tieout.Server.Configuration;
using Tieout.Storage;

namespace Tieout.Server.Hosting;

/// <summary>Servers of one database must have the same secrets: else each refuses the envelopes, tokens and signatures of the others. Found at the start, not by customers.</summary>
/// <remarks>The marks in the ledger are derived from the envelope secret (the admin token's too), so they tell nothing of either.</remarks>
public static class SecretMarks
{
    private const string Name = "secrets";

    /// <summary>The first server's secrets are those of the system; every other's are compared.</summary>
    /// <param name="changed">They were changed on purpose: this server's count from now on.</param>
    /// <exception cref="ConfigurationException">They differ.</exception>
    /// <exception cref="StoreUnavailableException">See <see cref="ILedger.SubmitAsync(Command, CancellationToken)"/>.</exception>
    public static async Task AgreeAsync(ILedger ledger, EnvelopeSecret secret, string adminToken, bool changed, CancellationToken cancellationToken)
    {
        var token = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(adminToken)));
        var mine = new JsonObject { ["envelope_secret"] = secret.Check("mark/envelope-secret"), ["admin_token"] = secret.Check($"mark/admin-token/{token}") };
        var outcome = await ledger.SubmitAsync(new Command.Record(SettingKind.SecretMark, "", Name, mine.ToJsonString(), Once: !changed), cancellationToken);
        if (outcome is not Outcome.Refused) return;
        var theirs = JsonNode.Parse(ledger.Find(SettingKind.SecretMark, "", Name)?.Body ?? "{}")!;
        var what = (string?)theirs["envelope_secret"] == (string?)mine["envelope_secret"] ? "TIEOUT_ADMIN_TOKEN" : "TIEOUT_ENVELOPE_SECRET";
        throw new ConfigurationException(
            $"This server's {what} is not the one of the other servers of this store: give all of them the same. If it was changed on purpose, start the first server with --secrets-changed.");
    }
}
