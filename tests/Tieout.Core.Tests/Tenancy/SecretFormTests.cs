using System.Text.RegularExpressions;
using Tieout.Core.Tenancy;

namespace Tieout.Core.Tests.Tenancy;

public sealed class SecretFormTests
{
    // Computed outside this project, with a bitwise CRC-32C and base 62: the form is public, and never changes.
    [Fact]
    public void A_secret_is_written_as_it_is_documented()
    {
        Assert.Equal("tk_00000000000000000000000000000000000000000003eBiBJ", SecretForm.Write(SecretForm.KeyPrefix, new byte[32]));
        Assert.Equal("tt_7cFmfG34vTx2Wd281rGW21Do3fkyNsXVZlM9ZQExvKz1WDaAZ",
            SecretForm.Write(SecretForm.TokenPrefix, [.. Enumerable.Range(1, 32).Select(number => (byte)number)]));
    }

    [Fact]
    public void Every_secret_matches_the_pattern_for_scanners_and_is_of_the_same_length()
    {
        var random = new Random(7);
        var bytes = new byte[SecretForm.RandomBytes];
        for (var i = 0; i < 500; i++)
        {
            random.NextBytes(bytes);
            if (i % 50 == 0) Array.Fill(bytes, (byte)(i / 50 % 2 == 0 ? 0 : 0xff));
            var secret = SecretForm.Write(i % 2 == 0 ? SecretForm.KeyPrefix : SecretForm.TokenPrefix, bytes);
            Assert.Equal(52, secret.Length);
            Assert.Matches($"^{SecretForm.Pattern}$", secret);
            Assert.Equal(secret, Regex.Match($"key = \"{secret}\";", SecretForm.Pattern).Value);
            Assert.False(SecretForm.IsMistyped(secret));
        }
    }

    // CRC-32 finds every change of up to four bytes next to each other, so this has no exception.
    [Fact]
    public void One_character_replaced_or_two_neighbours_exchanged_is_mistyped()
    {
        var secret = SecretForm.Write(SecretForm.KeyPrefix, [.. Enumerable.Range(100, 32).Select(number => (byte)number)]);
        for (var at = SecretForm.KeyPrefix.Length; at < secret.Length; at++)
        {
            foreach (var other in "0OIl5Sz")
            {
                if (secret[at] != other) Assert.True(SecretForm.IsMistyped(secret[..at] + other + secret[(at + 1)..]), $"{other} at {at}");
            }

            if (at + 1 < secret.Length && secret[at] != secret[at + 1])
            {
                Assert.True(SecretForm.IsMistyped(secret[..at] + secret[at + 1] + secret[at] + secret[(at + 2)..]), $"exchanged at {at}");
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("tk_wrong")]
    [InlineData("an-admin-token-of-some-length-that-is-not-of-the-form")]
    [InlineData("tk_0123456789abcdefghijklmnopqrstuvwxyzABCDEF_abcdefg")]
    [InlineData("tk_0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFabcdef")]
    [InlineData("sk_0123456789abcdefghijklmnopqrstuvwxyzABCDEFabcdefg")]
    public void Secrets_without_the_form_are_looked_up_as_they_are(string secret) => Assert.False(SecretForm.IsMistyped(secret));
}
