using Tieout.Core.Tenancy;

namespace Tieout.Server.Tests.Tenancy;

/// <summary>Secrets with a checksum, at the doors.</summary>
public sealed class MistypedSecretTests
{
    // Method: the mistyped secret is recorded as a key of its own, so a look-up would find it.
    [Fact]
    public async Task A_mistyped_secret_is_refused_before_any_look_up_and_the_answer_says_so()
    {
        await using var keys = await KeyWorld.StartAsync();
        var (_, secret) = await keys.MakeAsync();
        var mistyped = secret[..10] + (secret[10] == 'x' ? 'y' : 'x') + secret[11..];
        await keys.World.AddKeyAsync(mistyped, "key-mistyped");
        Assert.Equal(200, (await keys.ChatAsync(secret)).Status);

        var (status, chat) = await keys.ChatAsync(mistyped);
        Assert.Equal((401, "invalid_api_key"), (status, chat.GetProperty("error").GetProperty("code").GetString()));
        Assert.Contains("mistyped or cut off", chat.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        foreach (var (refused, problem) in new[] { await keys.IngestAsync(mistyped), await keys.SendAsync(
            HttpMethod.Get, "/api/v1/orgs/acme/balance", mistyped) })
        {
            Assert.Equal((401, "unauthorized"), (refused, problem.GetProperty("code").GetString()));
            Assert.Contains("mistyped or cut off", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
            Assert.DoesNotContain(mistyped[3..], problem.GetRawText(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Keys_tokens_and_rotated_keys_have_the_form_that_scanners_look_for()
    {
        await using var keys = await KeyWorld.StartAsync();
        var (id, secret) = await keys.MakeAsync();
        var (_, rotated) = await keys.AdminAsync(HttpMethod.Post, $"/orgs/acme/keys/{id}/rotate", "{}");
        var (_, token) = await keys.AdminAsync(HttpMethod.Post, "/tokens", """{"role":"viewer"}""");
        foreach (var made in new[] { secret, rotated.GetProperty("key").GetString()!, token.GetProperty("token").GetString()! })
        {
            Assert.Matches($"^{SecretForm.Pattern}$", made);
            Assert.False(SecretForm.IsMistyped(made));
        }
    }
}
