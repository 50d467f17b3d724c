using System.Net;
using Tieout.Cli.Commands;
using Tieout.Server.Attribution;
using Tieout.Server.Configuration;
using Tieout.Server.Tenancy;
using Tieout.Server.Tests.Gateway;
using Tieout.Server.Tests.Http;

namespace Tieout.Server.Tests.Hosting;

/// <summary>Secrets are replaced while the server runs; the old one is valid until its line is removed.</summary>
public sealed class SecretRotationTests : IDisposable
{
    private const string First = "first-admin-token-0123456789abcdef";
    private const string Second = "second-admin-token-0123456789abcdef";
    private const string FirstSecret = "first envelope secret 0123456789abcdef";
    private const string SecondSecret = "second envelope secret 0123456789abcdef";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tieout-secrets-");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string TokenFile => Path.Combine(_folder.FullName, "token");

    private string SecretFile => Path.Combine(_folder.FullName, "secret");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task An_admin_token_is_rotated_with_an_overlap_that_ends_when_its_line_is_removed()
    {
        await using var world = await StartAsync();
        await File.WriteAllTextAsync(TokenFile, $"{Second}\n{First}\n", Stop);
        await World.SoonAsync(async () => await StatusAsync(world, Second) == HttpStatusCode.OK, "the new token is let in");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(world, First));

        await File.WriteAllTextAsync(TokenFile, "short\n", Stop);
        await Task.Delay(300, Stop);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(world, Second));

        await File.WriteAllTextAsync(TokenFile, $"{Second}\n", Stop);
        await World.SoonAsync(async () => await StatusAsync(world, First) == HttpStatusCode.Unauthorized, "the old token is refused");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(world, Second));
    }

    [Fact]
    public async Task An_envelope_secret_is_rotated_and_envelopes_of_the_old_one_are_valid_until_its_line_is_removed()
    {
        await using var world = await StartAsync();
        var (_, key) = await world.KeyAsync();
        var old = await IssueAsync(world, key);
        await File.WriteAllTextAsync(SecretFile, $"{SecondSecret}\n{FirstSecret}\n", Stop);
        await World.SoonAsync(async () => (await IssueAsync(world, key)).KeyId != old.KeyId, "envelopes are issued under a new key");
        var next = await IssueAsync(world, key);
        Assert.Equal(("valid", "valid"), (await VerdictAsync(world, old.Envelope), await VerdictAsync(world, next.Envelope)));

        await File.WriteAllTextAsync(SecretFile, $"{SecondSecret}\n", Stop);
        await World.SoonAsync(async () => await VerdictAsync(world, old.Envelope) == "refused", "envelopes of the old secret are refused");
        Assert.Equal("valid", await VerdictAsync(world, next.Envelope));
    }

    [Fact]
    public async Task A_providers_key_is_read_again_from_its_file()
    {
        var file = Path.Combine(_folder.FullName, "provider-key");
        var yaml = Path.Combine(_folder.FullName, "tieout.yaml");
        await File.WriteAllTextAsync(file, "sk-first\n", Stop);
        await File.WriteAllTextAsync(yaml, $"providers: {{ sim: {{ base_url: 'http://127.0.0.1:1/v1', api_key: '${{file:{file}}}' }} }}", Stop);
        var options = TieoutYaml.Load(yaml, _ => null);
        Assert.Equal(("sk-first", file), (options.Providers[0].ApiKey, Assert.Single(options.ValueFiles)));
        await using var world =
            await ApiWorld.StartAsync(standard => standard with { Providers = options.Providers, File = options.File, ValueFiles = options.ValueFiles });
        var routes = (Tieout.Server.Gateway.Upstreams.CurrentRoutes)world.Server.Services.GetService(typeof(Tieout.Server.Gateway.Upstreams.CurrentRoutes))!;

        await File.WriteAllTextAsync(file, "sk-second\n", Stop);
        await World.SoonAsync(() => Task.FromResult(routes.Get().Options.Providers[0].ApiKey == "sk-second"), "the new key is in use");
    }

    [Theory]
    [InlineData("short")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("abababababababababababababababababababab")]
    [InlineData(First + "\nshort")]
    [InlineData(First + "\n" + Second + "\n" + First)]
    public void An_admin_token_that_can_be_guessed_is_refused_with_how_to_make_one(string token)
    {
        var refused = Assert.Throws<ConfigurationException>(() => ServeSecrets.Given(new(), name => name == AdminTokenFile.Variable ? token : null));

        Assert.DoesNotContain(token, refused.Message, StringComparison.Ordinal);
        Assert.True(refused.Message.Contains("openssl rand -hex 32", StringComparison.Ordinal) || token.Split('\n').Length > 2, refused.Message);
    }

    private async Task<ApiWorld> StartAsync()
    {
        await File.WriteAllTextAsync(TokenFile, $"{ApiWorld.Admin}\n{First}\n", Stop);
        await File.WriteAllTextAsync(SecretFile, $"{FirstSecret}\n", Stop);
        return await ApiWorld.StartAsync(options => options with
        {
            AdminToken = $"{ApiWorld.Admin}\n{First}",
            EnvelopeSecret = EnvelopeSecretFile.Parse(FirstSecret),
            SecretFiles = new(TokenFile, SecretFile),
        });
    }

    private static async Task<HttpStatusCode> StatusAsync(ApiWorld world, string token)
    {
        using var answer = await world.SendAsync(HttpMethod.Get, "/orgs", token: token);
        return answer.StatusCode;
    }

    private static async Task<(string Envelope, string KeyId)> IssueAsync(ApiWorld world, string key)
    {
        var issued = await world.OkAsync(HttpMethod.Post, "/envelopes", "{}", key);
        return (issued.GetProperty("envelope").GetString()!, issued.GetProperty("key_id").GetString()!);
    }

    private static async Task<string> VerdictAsync(ApiWorld world, string envelope) =>
        (await world.OkAsync(HttpMethod.Post, "/envelopes/verify", $$"""{"envelope":"{{envelope}}"}""")).GetProperty("verdict").GetString()!;
}
