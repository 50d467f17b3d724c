using System.Buffers.Text;
using System.Text;
using Tieout.Core.Attribution;

namespace Tieout.Core.Tests.Attribution;

/// <summary>Envelopes, keys and tokens to test with. Everything fixed: nothing here is random.</summary>
internal static class Tokens
{
    public const string Audience = "tieout";

    public static readonly Instant Noon = Instant.From(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));

    public static readonly EnvelopeSecret Secret = new(Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef"));
    public static readonly EnvelopeSecret OtherSecret = new(Encoding.ASCII.GetBytes("another secret of thirty-two chr"));

    public static readonly EnvelopeKey Key = NewKey("ek_1");

    public static readonly KeyRing Ring = new([Key], Secret);

    public static readonly Envelope Issued = new("acme", "user:jane@acme", "wf-1", "op-1", "018f-issuance", null, Audience, Noon, Noon + TimeSpan.FromHours(1));

    public static readonly string Token = EnvelopeToken.Sign(Issued, Ring.Active!);

    public const string Header = """{"alg":"HS256","kid":"ek_1","typ":"tieout-envelope+jwt"}""";

    public static readonly string Claims = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(Token.Split('.')[1]));

    public static EnvelopeKey NewKey(string id, EnvelopeSecret? secret = null, EnvelopeKeyState state = EnvelopeKeyState.Active, int createdMinute = 0) =>
        new(id, EnvelopeKey.Hs256, state, (secret ?? Secret).Check(id), Noon.ToDateTimeOffset().AddMinutes(createdMinute - 60));

    /// <summary>Signed by our own key, whatever it says: what the rules behind the signature are tried with.</summary>
    public static string Signed(string header, string claims) =>
        EnvelopeToken.Sign(Encoding.UTF8.GetBytes(header), Encoding.UTF8.GetBytes(claims), Secret.Signing("ek_1"));

    public static string WithHeader(string header) => Signed(header, Claims);

    public static string WithClaims(string from, string to)
    {
        Assert.Contains(from, Claims, StringComparison.Ordinal);
        return Signed(Header, Claims.Replace(from, to, StringComparison.Ordinal));
    }

    public static EnvelopeVerdict Verify(string token, KeyRing? ring = null, Instant? now = null) =>
        EnvelopeToken.Verify(token, ring ?? Ring, Audience, now ?? Noon);

    public static EnvelopeRefusal? RefusalOf(string token, KeyRing? ring = null, Instant? now = null) =>
        (Verify(token, ring, now) as EnvelopeVerdict.Refused)?.Reason;
}
