using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tieout.Core.Attribution;

namespace Tieout.Server.Outbox;

/// <summary>Secrets and signatures of webhooks, in the form of Standard Webhooks.</summary>
internal static class WebhookSecrets
{
    private const string Prefix = "whsec_";

    /// <summary>Names a new secret.</summary>
    public static string NewName() => "whs_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>What the receiver is given, once.</summary>
    public static string Shown(EnvelopeSecret master, Webhook webhook) => Prefix + Convert.ToBase64String(master.Webhook($"{webhook.Id}/{webhook.Secret}"));

    /// <summary><c>v1,BASE64</c>, one for each secret that is in force, with a space between.</summary>
    /// <param name="timestamp">Of the attempt, in seconds.</param>
    public static string Sign(EnvelopeSecret master, Webhook webhook, string messageId, long timestamp, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{messageId}.{timestamp}.")), .. body];
        var newest = By(webhook.Secret);
        return webhook.PreviousSecret is { } previous && now < webhook.PreviousUntil ? $"{newest} {By(previous)}" : newest;

        // While the envelope secret is rotated, receivers that still have the signing secret made under the old one are served as well.
        string By(string secret) => master.Previous is { } old ? $"{Under(master, secret)} {Under(old, secret)}" : Under(master, secret);
        string Under(EnvelopeSecret one, string secret) => "v1," + Convert.ToBase64String(HMACSHA256.HashData(one.Webhook($"{webhook.Id}/{secret}"), signed));
    }
}
