using Tieout.Core.Attribution;
using Tieout.Core.Tenancy;
using static Tieout.Core.Tests.Attribution.Tokens;

namespace Tieout.Core.Tests.Attribution;

public sealed class IdentityRulesTests
{
    private static readonly ApiKey Acme = new("key-acme", "acme", null, null, null, "", false, DateTimeOffset.UnixEpoch);
    private static readonly ApiKey Evil = Acme with { Id = "key-evil", Org = "evil" };
    private static readonly ApiKey Worker = Acme with { Id = "worker-7", Org = "platform", Worker = true, Tenants = ["acme", "beta"] };
    private static readonly ApiKey AnyWorker = Worker with { Tenants = ["*"] };
    private static readonly ApiKey OtherWorker = Worker with { Tenants = ["beta"] };

    // Not a worker: the list alone gives no right.
    private static readonly ApiKey NotWorker = Worker with { Worker = false };

    private static readonly string Rewritten = string.Join(
        '.', Token.Split('.')[0], EnvelopeToken.Sign(Issued with { Org = "evil" }, Ring.Active!).Split('.')[1], Token.Split('.')[2]);
    private static readonly string Unsigned = string.Join('.', Token.Split('.')[..2]) + ".";
    private static readonly string Resigned = EnvelopeToken.Sign(Issued with { Org = "evil" }, new KeyRing([NewKey("ek_1", OtherSecret)], OtherSecret).Active!);
    private static readonly string OwnName = EnvelopeToken.Sign(Issued with { Org = "evil" }, new KeyRing([NewKey("ek_x", OtherSecret)], OtherSecret).Active!);
    private static readonly string Misdirected = EnvelopeToken.Sign(Issued with { Audience = "staging" }, Ring.Active!);

    private static readonly KeyRing Retired = new([Key.To(EnvelopeKeyState.VerifyOnly, Noon.ToDateTimeOffset().AddMinutes(10))!], Secret);
    private static readonly KeyRing RetiredBefore = new([Key.To(EnvelopeKeyState.VerifyOnly, Noon.ToDateTimeOffset().AddMinutes(-10))!], Secret);
    private static readonly KeyRing Revoked = new([Key.To(EnvelopeKeyState.Revoked, Noon.ToDateTimeOffset().AddMinutes(10))!], Secret);
    private static readonly Instant TooLate = Issued.ExpiresAt + TimeSpan.FromHours(9);

    // The table of docs/specs/envelope.md: rewritten, replayed, expired, foreign, unsigned, re-signed, and the answer to each.
    [Fact]
    public void A2_who_is_charged_is_whom_the_verified_envelope_names_or_nobody()
    {
        var table = new (string What, ApiKey Key, string? Token, KeyRing Ring, Instant Now, string? Said, string Answer)[]
        {
            ("no envelope, an org's key", Acme, null, Ring, Noon, null, "own acme"),
            ("no envelope, a worker's key", Worker, null, Ring, Noon, null, "EnvelopeRequired"),
            ("no envelope, a worker's key, its own org", Worker, null, Ring, Noon, "platform", "EnvelopeRequired"),
            ("no envelope, another tenant in a header", Acme, null, Ring, Noon, "evil", "TenantForeign, identity_rebind acme<-evil"),
            ("valid, the org's key", Acme, Token, Ring, Noon, null, "acme op-1"),
            ("valid, a worker for it", Worker, Token, Ring, Noon, null, "acme op-1"),
            ("valid, a worker for everybody", AnyWorker, Token, Ring, Noon, null, "acme op-1"),
            ("valid, the same tenant in a header", Worker, Token, Ring, Noon, "acme", "acme op-1"),
            ("valid, key rotated since", Worker, Token, Retired, Noon, null, "acme op-1"),
            ("replayed: the same token again is another attempt of the same operation", Worker, Token, Ring, Noon + TimeSpan.FromMinutes(5), null, "acme op-1"),
            ("replayed by another tenant", Evil, Token, Ring, Noon, null, "TenantForeign, identity_rebind acme<-acme"),
            ("foreign: a worker for others", OtherWorker, Token, Ring, Noon, null, "TenantForeign, identity_rebind acme<-acme"),
            ("foreign: a list of tenants without being a worker", NotWorker, Token, Ring, Noon, null, "TenantForeign, identity_rebind acme<-acme"),
            ("foreign: for another deployment", Worker, Misdirected, Ring, Noon, null, "EnvelopeRefused AudienceWrong"),
            ("rewritten in the token", AnyWorker, Rewritten, Ring, Noon, null, "EnvelopeRefused SignatureWrong, identity_rebind platform<-evil"),
            ("rewritten in the token, by the one it names", Evil, Rewritten, Ring, Noon, null, "EnvelopeRefused SignatureWrong, identity_rebind evil<-evil"),
            ("rewritten in a header beside it", AnyWorker, Token, Ring, Noon, "evil", "TenantRewritten, identity_rebind acme<-evil"),
            ("unsigned", AnyWorker, Unsigned, Ring, Noon, null, "EnvelopeRefused Unsigned, identity_rebind platform<-acme"),
            ("re-signed with another key of that name", AnyWorker, Resigned, Ring, Noon, null,
                "EnvelopeRefused SignatureWrong, identity_rebind platform<-evil"),
            ("re-signed with a key of one's own", AnyWorker, OwnName, Ring, Noon, null, "EnvelopeRefused KeyUnknown, identity_rebind platform<-evil"),
            ("signed with a key that had retired", AnyWorker, Token, RetiredBefore, Noon, null, "EnvelopeRefused KeyRetired, identity_rebind platform<-acme"),
            ("signed with a key that was revoked", AnyWorker, Token, Revoked, Noon, null, "EnvelopeRevoked, identity_quarantined platform<-acme"),
            ("expired, the org's key: attributes", Acme, Token, Ring, TooLate, null, "acme op-1 expired"),
            ("expired, a worker: does not authorise", Worker, Token, Ring, TooLate, null, "EnvelopeExpired"),
            ("expired and foreign", Evil, Token, Ring, TooLate, null, "TenantForeign, identity_rebind acme<-acme"),
            ("expired and revoked", Acme, Token, Revoked, TooLate, null, "EnvelopeRevoked, identity_quarantined acme<-acme"),
        };

        Assert.All(table, row => Assert.Equal((row.What, row.Answer), (row.What, Answer(row.Key, row.Token, row.Ring, row.Now, row.Said))));
    }

    [Fact]
    public void A2_no_key_whatever_it_presents_is_charged_to_a_tenant_it_may_not_act_for()
    {
        foreach (var key in (ApiKey[])[Acme, Evil, Worker, AnyWorker, OtherWorker, NotWorker])
        {
            foreach (var token in (string?[])[null, Token, Rewritten, Unsigned, Resigned, OwnName, Misdirected])
            {
                foreach (var now in (Instant[])[Noon, TooLate])
                {
                    foreach (var said in (string?[])[null, "acme", "evil", "platform"])
                    {
                        var charged = Decide(key, token, Ring, now, said) switch
                        {
                            IdentityDecision.Own own => own.Org,
                            IdentityDecision.Bound bound => bound.Envelope.Org,
                            _ => null,
                        };
                        Assert.True(charged is null || (key.MayActFor(charged) && (said is null || said == charged)));
                        Assert.True(charged is null || token is null || charged == "acme");
                    }
                }
            }
        }
    }

    private static IdentityDecision Decide(ApiKey key, string? token, KeyRing ring, Instant now, string? said) =>
        IdentityRules.Decide(
            key, token is null ? null : EnvelopeToken.Verify(token, ring, Audience, now), said, token is null ? null : EnvelopeToken.UnverifiedOrg(token));

    private static string Answer(ApiKey key, string? token, KeyRing ring, Instant now, string? said) => Decide(key, token, ring, now, said) switch
    {
        IdentityDecision.Own own => $"own {own.Org}",
        IdentityDecision.Bound bound => $"{bound.Envelope.Org} {bound.Envelope.Operation}{(bound.IsExpired ? " expired" : "")}",
        IdentityDecision.Denied denied => denied.Reason
            + (denied.Flaw is { } flaw ? $" {flaw}" : "")
            + (denied.Finding is { } finding ? $", {finding.Code} {finding.Org}<-{finding.Claimed}" : ""),
        _ => "?",
    };
}
