using System.Text;
using Tieout.Core.Attribution;
using static Tieout.Core.Tests.Attribution.Tokens;

namespace Tieout.Core.Tests.Attribution;

public sealed class EnvelopeKeyTests
{
    private static readonly DateTimeOffset Later = Noon.ToDateTimeOffset().AddMinutes(10);

    [Fact]
    public void Rotation_leaves_what_was_issued_valid_and_issues_with_the_new_key()
    {
        var ring = new KeyRing([Key.To(EnvelopeKeyState.VerifyOnly, Later)!, NewKey("ek_2", createdMinute: 70)], Secret);

        Assert.Equal(new EnvelopeVerdict.Valid(Issued, "ek_1"), Verify(Token, ring));
        Assert.Equal("ek_2", ring.Active!.Key.Id);
        Assert.Equal(new EnvelopeVerdict.Valid(Issued, "ek_2"), Verify(EnvelopeToken.Sign(Issued, ring.Active), ring));
    }

    [Fact]
    public void A_revoked_key_puts_what_it_issued_into_quarantine_expired_or_not()
    {
        var ring = new KeyRing([Key.To(EnvelopeKeyState.Revoked, Later)!], Secret);

        Assert.Equal(new EnvelopeVerdict.Revoked(Issued, "ek_1"), Verify(Token, ring));
        Assert.Equal(new EnvelopeVerdict.Revoked(Issued, "ek_1"), Verify(Token, ring, Issued.ExpiresAt));
        Assert.Null(ring.Active);
    }

    [Fact]
    public void Of_several_active_keys_the_newest_issues() =>
        Assert.Equal("ek_b",
            new KeyRing(
                [NewKey("ek_b", createdMinute: 2), NewKey("ek_a", createdMinute: 1), NewKey("ek_c", OtherSecret, createdMinute: 3)], Secret).Active!.Key.Id);

    [Theory]
    [InlineData(EnvelopeKeyState.Active, EnvelopeKeyState.VerifyOnly, true)]
    [InlineData(EnvelopeKeyState.Active, EnvelopeKeyState.Revoked, true)]
    [InlineData(EnvelopeKeyState.VerifyOnly, EnvelopeKeyState.Revoked, true)]
    [InlineData(EnvelopeKeyState.VerifyOnly, EnvelopeKeyState.VerifyOnly, true)]
    [InlineData(EnvelopeKeyState.VerifyOnly, EnvelopeKeyState.Active, false)]
    [InlineData(EnvelopeKeyState.Revoked, EnvelopeKeyState.VerifyOnly, false)]
    [InlineData(EnvelopeKeyState.Revoked, EnvelopeKeyState.Active, false)]
    public void States_only_go_forward(EnvelopeKeyState from, EnvelopeKeyState to, bool goes) =>
    Assert.Equal(goes, NewKey("ek_1", state: from).To(to, Later) is not null);

    [Fact]
    public void The_time_it_retired_stays_when_it_is_revoked_later()
    {
        var revoked = Key.To(EnvelopeKeyState.VerifyOnly, Later)!.To(EnvelopeKeyState.Revoked, Later.AddDays(1))!;

        Assert.Equal((Later, Later.AddDays(1)), (revoked.RetiredAt, revoked.RevokedAt));
        Assert.Equal(revoked, EnvelopeKey.Parse(revoked.ToJson()));
        Assert.Contains("\"state\":\"revoked\"", revoked.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_stored_of_a_key_tells_nothing_of_its_secrets()
    {
        var stored = Key.ToJson();
        foreach (var secret in (byte[][])[Secret.Signing("ek_1"), Secret.Lineage("ek_1"), Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef")])
        {
            Assert.DoesNotContain(Convert.ToHexStringLower(secret)[..16], stored, StringComparison.Ordinal);
            Assert.DoesNotContain(Convert.ToBase64String(secret)[..10], stored, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_purpose_and_every_id_has_a_key_of_its_own()
    {
        var keys = new[] { Secret.Signing("ek_1"), Secret.Signing("ek_2"), Secret.Lineage("ek_1"), Secret.Lineage("ek_2"), OtherSecret.Signing("ek_1") };
        Assert.Equal(keys.Length, keys.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void A_short_secret_is_no_secret() => Assert.Throws<ArgumentException>(() => new EnvelopeSecret(new byte[31]));
}
