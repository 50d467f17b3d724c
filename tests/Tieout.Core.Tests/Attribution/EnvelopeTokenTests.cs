using System.Buffers.Text;
using System.Text;
using Tieout.Core.Attribution;
using static Tieout.Core.Attribution.EnvelopeRefusal;
using static Tieout.Core.Tests.Attribution.Tokens;

namespace Tieout.Core.Tests.Attribution;

public sealed class EnvelopeTokenTests
{
    [Fact]
    public void What_was_signed_is_read_back_whole()
    {
        var child = Issued.Child("op-2", null, "issuance-2", Noon, Noon + TimeSpan.FromMinutes(5));

        Assert.Equal(new EnvelopeVerdict.Valid(Issued, "ek_1"), Verify(Token));
        Assert.Equal(new EnvelopeVerdict.Valid(child, "ek_1"), Verify(EnvelopeToken.Sign(child, Ring.Active!)));
        foreach (var bound in (Envelope[])[Issued with { ApiKey = "key-7" }, child with { ApiKey = "key-7" }])
        {
            Assert.Equal(new EnvelopeVerdict.Valid(bound, "ek_1"), Verify(EnvelopeToken.Sign(bound, Ring.Active!)));
        }

        Assert.Equal(("acme", "user:jane@acme", "wf-1", "018f-issuance"), (child.Org, child.Originator, child.Workflow, child.ParentIssuance));
    }

    [Fact]
    public void A1_the_same_envelope_is_the_same_text() => Assert.Equal(Token, EnvelopeToken.Sign(Issued with { }, new KeyRing([Key], Secret).Active!));

    [Fact]
    public void The_longest_names_fit()
    {
        var name = new string('n', 128);
        var longest = new Envelope(name, name, name, name, name, name, name, Noon, Noon + TimeSpan.FromDays(7));
        var ring = new KeyRing([NewKey(new string('k', 64))], Secret);

        var token = EnvelopeToken.Sign(longest, ring.Active!);

        Assert.InRange(token.Length, 1, EnvelopeToken.LengthMax);
        Assert.IsType<EnvelopeVerdict.Valid>(EnvelopeToken.Verify(token, ring, name, Noon));
    }

    // RFC 7515, appendix A.1: the header's line break and the payload's are part of what is signed. It shows the primitive; as an envelope it is refused.
    [Fact]
    public void The_signature_is_that_of_RFC_7515_A1()
    {
        var key = Base64Url.DecodeFromChars("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
        var header = Encoding.ASCII.GetBytes("{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}");
        var payload = Encoding.ASCII.GetBytes("{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}");

        var token = EnvelopeToken.Sign(header, payload, key);

        Assert.Equal(
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            token);
        Assert.Equal(HeaderMemberMissing, RefusalOf(token));
    }

    // Goal: every rule refuses by its own name. Method: a table, each row breaks the rule it is there for and, where it can, a later one too.
    [Fact]
    public void Every_rule_has_a_token_that_only_it_refuses()
    {
        var parts = Token.Split('.');
        var foreign = EnvelopeToken.Sign(
            Encoding.ASCII.GetBytes(Header), Encoding.ASCII.GetBytes(Claims.Replace("acme", "evil", StringComparison.Ordinal)), OtherSecret.Signing("ek_1"));
        var table = new (string What, string Token, EnvelopeRefusal Refusal)[]
        {
            ("one character too long", Token + new string('A', EnvelopeToken.LengthMax - Token.Length + 1), TooLong),
            ("a letter that looks like another", "е" + Token[1..], NotAscii),
            ("a space before it", " " + Token, NotAscii),
            ("a line break in it", Token.Insert(20, "\r\n"), NotAscii),
            ("nothing", "", NotThreeSegments),
            ("two segments", $"{parts[0]}.{parts[1]}", NotThreeSegments),
            ("five segments, as of an encrypted token", $"{Token}.a.b", NotThreeSegments),
            ("no signature", $"{parts[0]}.{parts[1]}.", Unsigned),
            ("alg none, no signature", $"{Encode("""{"alg":"none","kid":"ek_1","typ":"tieout-envelope+jwt"}""")}.{parts[1]}.", Unsigned),
            ("padding", Token + "=", Padded),
            ("the other alphabet", $"{parts[0]}.{parts[1]}.{parts[2][..^1]}+", NotBase64Url),
            ("two tokens in one header", $"{Token},{Token}".Replace($"{Token},{Token}", $"{parts[0]}.{parts[1]}.{parts[2]},", StringComparison.Ordinal),
                NotBase64Url),
            ("a length that no bytes have", $"{parts[0]}.{parts[1]}.{parts[2]}AA", NotBase64Url),
            ("trailing bits", $"{parts[0]}.{parts[1]}.{parts[2][..^1]}{(char)(parts[2][^1] + 1)}", NotCanonicalBase64Url),
            ("a header that is no JSON", WithHeader("alg: HS256"), HeaderNotJson),
            ("a header that is a list", WithHeader("[]"), HeaderNotJson),
            ("a header with something behind it", WithHeader(Header + "{}"), HeaderNotJson),
            ("a header with a comment", WithHeader(Header.Replace("{", "{/**/", StringComparison.Ordinal)), HeaderNotJson),
            ("alg twice", WithHeader(Header.Replace("}", ""","alg":"HS256"}""", StringComparison.Ordinal)), HeaderMemberTwice),
            ("kid twice", WithHeader(Header.Replace("}", ""","kid":"ek_2"}""", StringComparison.Ordinal)), HeaderMemberTwice),
            ("crit", WithHeader(Header.Replace("}", ""","crit":["exp"]}""", StringComparison.Ordinal)), HeaderCritical),
            ("a key in the header", WithHeader(Header.Replace("}", ""","jwk":{"kty":"oct","k":"AA"}}""", StringComparison.Ordinal)), HeaderMemberUnknown),
            ("a member that is written with an escape", WithHeader(Header.Replace("alg", "\\u0061lg", StringComparison.Ordinal)), HeaderMemberUnknown),
            ("a key id that is a number", WithHeader(Header.Replace("\"ek_1\"", "1", StringComparison.Ordinal)), HeaderMemberWrongType),
            ("no key id", WithHeader("""{"alg":"HS256","typ":"tieout-envelope+jwt"}"""), HeaderMemberMissing),
            ("another type", WithHeader(Header.Replace("tieout-envelope+jwt", "JWT", StringComparison.Ordinal)), TypeWrong),
            ("a key that nobody made", WithHeader(Header.Replace("ek_1", "ek_9", StringComparison.Ordinal)), KeyUnknown),
            ("alg none, signed all the same", WithHeader(Header.Replace("HS256", "none", StringComparison.Ordinal)), AlgorithmWrong),
            ("alg in other letters", WithHeader(Header.Replace("HS256", "hs256", StringComparison.Ordinal)), AlgorithmWrong),
            ("a public-key algorithm", WithHeader(Header.Replace("HS256", "RS256", StringComparison.Ordinal)), AlgorithmWrong),
            ("rewritten and signed with another key of that name", foreign, SignatureWrong),
            ("rewritten, the old signature", $"{parts[0]}.{Encode(Claims.Replace("acme", "evil", StringComparison.Ordinal))}.{parts[2]}", SignatureWrong),
            ("half a signature", $"{parts[0]}.{parts[1]}.{parts[2][..20]}", SignatureWrong),
            ("claims that are no JSON", Signed(Header, "hello"), ClaimsNotJson),
            ("claims that are nested too deep", Signed(Header, string.Concat(Enumerable.Repeat("{\"a\":", 20)) + "1" + new string('}', 20)), ClaimsNotJson),
            ("the tenant twice", WithClaims("}", ""","org_id":"evil"}"""), ClaimTwice),
            ("a claim we do not know", WithClaims("}", ""","admin":true}"""), ClaimUnknown),
            ("a time with a fraction", WithClaims($"{Noon.UnixMicros / 1_000_000},", $"{Noon.UnixMicros / 1_000_000}.0,"), ClaimWrongType),
            ("a time with an exponent", WithClaims($"{Noon.UnixMicros / 1_000_000},", "1e9,"), ClaimWrongType),
            ("a time before 1970", WithClaims($"{Noon.UnixMicros / 1_000_000},", "-1,"), ClaimWrongType),
            ("a time as text", WithClaims($"{Noon.UnixMicros / 1_000_000},", $"\"{Noon.UnixMicros / 1_000_000}\","), ClaimWrongType),
            ("a tenant that is null", WithClaims("\"org_id\":\"acme\"", "\"org_id\":null"), ClaimWrongType),
            ("a tenant that is a list", WithClaims("\"org_id\":\"acme\"", "\"org_id\":[\"acme\"]"), ClaimWrongType),
            ("a tenant written with an escape", WithClaims("\"org_id\":\"acme\"", "\"org_id\":\"\\u0061cme\""), ClaimWrongType),
            ("no tenant", WithClaims("\"org_id\":\"acme\",", ""), ClaimMissing),
            ("no operation", WithClaims("\"operation_id\":\"op-1\",", ""), ClaimMissing),
            ("a version to come", WithClaims("\"v\":1", "\"v\":2"), VersionUnknown),
            ("a version to come with a claim of its own", WithClaims("\"v\":1", "\"v\":2,\"region\":\"eu\""), VersionUnknown),
            ("a tenant with a space", WithClaims("acme\",\"tenant", "ac me\",\"tenant"), ClaimMalformed),
            ("a tenant in another script", WithClaims("\"org_id\":\"acme\"", "\"org_id\":\"асmе\""), ClaimMalformed),
            ("an operation without a name", WithClaims("op-1", ""), ClaimMalformed),
            ("two tenants", WithClaims("\"tenant_id\":\"acme\"", "\"tenant_id\":\"evil\""), TenantsDiffer),
            ("an end before its beginning", WithClaims("\"exp\":1", "\"exp\":"), LifetimeWrong),
            ("a life of years", WithClaims("\"exp\":1", "\"exp\":2"), LifetimeWrong),
            ("for another deployment", WithClaims("\"aud\":\"tieout\"", "\"aud\":\"staging\""), AudienceWrong),
        };

        Assert.All(table, row => Assert.Equal((row.What, (EnvelopeRefusal?)row.Refusal), (row.What, RefusalOf(row.Token))));

        // The rules that need more than a token: two headers, keys and clocks.
        Assert.Equal(new EnvelopeVerdict.Refused(SeveralHeaders), EnvelopeToken.Read([Token, Token], Ring, Audience, Noon));
        Assert.Null(EnvelopeToken.Read([], Ring, Audience, Noon));
        Assert.Equal(KeyUnavailable, RefusalOf(Token, new KeyRing([Key], OtherSecret)));
        Assert.Equal(KeyUnavailable, RefusalOf(Token, new KeyRing([Key], null)));
        Assert.Equal(KeyRetired, RefusalOf(Token, new KeyRing([Key.To(EnvelopeKeyState.VerifyOnly, Noon.ToDateTimeOffset().AddMinutes(-2))!], Secret)));
        Assert.Equal(IssuedInFuture, RefusalOf(Token, now: Noon - TimeSpan.FromMinutes(2)));
        var shown = table.Select(row => row.Refusal).Union([SeveralHeaders, KeyUnavailable, KeyRetired, IssuedInFuture]);
        Assert.Empty(Enum.GetValues<EnvelopeRefusal>().Except(shown));
    }

    // Goal: the order of the rules is fixed. Method: one token that breaks everything, repaired rule by rule, is refused by ever later rules.
    [Fact]
    public void Refusals_come_in_the_order_the_rules_are_tried()
    {
        var refusals = new List<EnvelopeRefusal?>();
        var header = """{"alg":"none","alg":"none","crit":1,"x":1,"typ":"JWT"}""";
        var claims = """{"v":2,"v":2,"x":1,"iat":"1","aud":"staging","tenant_id":"a b"}""";
        foreach (var (from, to) in new[] { ("\"alg\":\"none\",\"alg\"", "\"alg\""), ("\"crit\":1,", ""), ("\"x\":1", "\"kid\":1"), (":1,",
            ":\"ek_9\","), ("JWT", EnvelopeToken.Type), ("ek_9", "ek_1"), ("none", "HS256") })
        {
            refusals.Add(RefusalOf(Signed(header, claims)));
            header = header.Replace(from, to, StringComparison.Ordinal);
        }

        foreach (var (from, to) in new[]
        {
            ("\"v\":2,\"v\":2", "\"v\":2"), ("\"v\":2", "\"v\":1"), ("\"x\":1,", ""), ("\"iat\":\"1\"", "\"iat\":1"), ("\"tenant_id\"",
                "\"exp\":1,\"org_id\":\"b\",\"originator_id\":\"o\",\"workflow_id\":\"w\",\"operation_id\":\"p\",\"issuance_id\":\"i\",\"tenant_id\""),
            ("\"b\"", "\"b c\""), ("b c", "b"), ("a b", "b"), ("\"exp\":1", "\"exp\":2"), ("staging", Audience),
        })
        {
            refusals.Add(RefusalOf(Signed(header, claims)));
            claims = claims.Replace(from, to, StringComparison.Ordinal);
        }

        Assert.Equal(
            [
                HeaderMemberTwice, HeaderCritical, HeaderMemberUnknown, HeaderMemberWrongType, TypeWrong, KeyUnknown, AlgorithmWrong,
                ClaimTwice, VersionUnknown, ClaimUnknown, ClaimWrongType, ClaimMissing, TenantsDiffer, ClaimMalformed, TenantsDiffer, LifetimeWrong,
                AudienceWrong,
            ],
            refusals);
        Assert.IsType<EnvelopeVerdict.Expired>(Verify(Signed(header, claims)));
    }

    [Fact]
    public void Expiry_is_half_open()
    {
        Assert.IsType<EnvelopeVerdict.Valid>(Verify(Token, now: Issued.ExpiresAt - TimeSpan.FromMicroseconds(1)));
        Assert.Equal(new EnvelopeVerdict.Expired(Issued, "ek_1"), Verify(Token, now: Issued.ExpiresAt));
        Assert.Equal(new EnvelopeVerdict.Expired(Issued, "ek_1"), Verify(Token, now: Noon + TimeSpan.FromDays(3650)));
    }

    [Fact]
    public void Nothing_is_issued_that_would_be_refused()
    {
        Assert.Throws<ArgumentException>(() => EnvelopeToken.Sign(Issued with { Org = "a b" }, Ring.Active!));
        Assert.Throws<ArgumentException>(() => EnvelopeToken.Sign(Issued with { ExpiresAt = Noon }, Ring.Active!));
        Assert.Throws<ArgumentException>(() => EnvelopeToken.Sign(Issued with { ExpiresAt = Noon + TimeSpan.FromDays(8) }, Ring.Active!));
        Assert.Throws<ArgumentException>(() => EnvelopeToken.Sign(Issued with { IssuedAt = Noon + TimeSpan.FromMilliseconds(1) }, Ring.Active!));
        Assert.Throws<ArgumentException>(
            () => EnvelopeToken.Sign(Issued, new KeyRing([NewKey("ek_1", state: EnvelopeKeyState.VerifyOnly)], Secret).Find("ek_1")!));
    }

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
