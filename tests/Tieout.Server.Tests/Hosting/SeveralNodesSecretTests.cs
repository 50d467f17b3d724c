using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Attribution;
using Tieout.Server.Configuration;
using Tieout.Server.Hosting;
using Tieout.Server.Tests.Gateway;
using Tieout.Storage.Postgres;
using Tieout.Storage.Tests.Postgres;

namespace Tieout.Server.Tests.Hosting;

/// <summary>Secrets are rotated node by node while all of them serve; a node with other secrets than the system's does not start.</summary>
public sealed class SeveralNodesSecretTests : IDisposable
{
    private const string FirstToken = "first-admin-token-0123456789abcdef";
    private const string SecondToken = "second-admin-token-0123456789abcdef";
    private const string First = "first envelope secret 0123456789abcdef";
    private const string Second = "second envelope secret 0123456789abcdef";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tieout-nodes-secrets-");
    private readonly string _store = PostgresServer.Instance.NewStore();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    // Goal: no envelope that one node has issued is refused by another during a rotation that is done as documented. Method: both nodes learn the new secret as
    // their second one, then as their first one; then the old one is removed.
    [Fact]
    public async Task A1_secrets_are_rotated_node_by_node_and_every_envelope_stays_valid_on_both()
    {
        await using var one = await NodeAsync("one", First, FirstToken);
        await one.Ledger.SubmitAsync(new Command.OpenOrg(new Org("acme", "USD", BillingMode.Prepaid, null, "UTC")), Stop);
        await one.Ledger.SubmitAsync(new Command.Record(SettingKind.Key, "acme", "key-1",
            new ApiKey("key-1", "acme", null, null, null, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(World.Secret))), false,
                DateTimeOffset.UnixEpoch)
            { Terms = World.AllScopes }.ToJson(), Once: false), Stop);
        await using var two = await NodeAsync("two", First, FirstToken);
        var old = await one.IssueAsync();
        Assert.Equal("valid", await two.VerdictAsync(old));

        // A node that has only other secrets is refused at its start; so is one that knows the right secret and another token.
        await Assert.ThrowsAsync<ConfigurationException>(() => AgreeAsync(one, Second, FirstToken));
        await Assert.ThrowsAsync<ConfigurationException>(() => AgreeAsync(one, First, SecondToken));

        await two.ReplaceAsync($"{First}\n{Second}", FirstToken);
        await one.ReplaceAsync($"{Second}\n{First}", FirstToken);
        await World.SoonAsync(async () => await one.KeyIdAsync() != old.KeyId, "the first node issues under the new secret");
        var next = await one.IssueAsync();
        await World.SoonAsync(async () => await two.VerdictAsync(next) == "valid", "the second node knows the new secret");
        Assert.Equal(("valid", "valid"), (await one.VerdictAsync(old), await two.VerdictAsync(old)));

        // What starts in the middle of the rotation has both; what has the old one only is too late.
        await AgreeAsync(two, $"{Second}\n{First}", FirstToken);
        await Assert.ThrowsAsync<ConfigurationException>(() => AgreeAsync(two, First, FirstToken));

        await two.ReplaceAsync(Second, FirstToken);
        await one.ReplaceAsync(Second, FirstToken);
        await World.SoonAsync(
            async () => (await one.VerdictAsync(old), await two.VerdictAsync(old)) == ("refused", "refused"), "both nodes refuse what the old secret signed");
        Assert.Equal(("valid", "valid"), (await one.VerdictAsync(next), await two.VerdictAsync(next)));
    }

    [Fact]
    public async Task The_admin_token_is_rotated_node_by_node_and_both_tokens_are_let_in_meanwhile()
    {
        await using var one = await NodeAsync("one", First, FirstToken);
        await using var two = await NodeAsync("two", First, FirstToken);

        await one.ReplaceAsync(First, $"{SecondToken}\n{FirstToken}");
        await World.SoonAsync(() => one.LetsInAsync(SecondToken), "the first node lets the new token in");
        Assert.True(await one.LetsInAsync(FirstToken) && await two.LetsInAsync(FirstToken));
        await two.ReplaceAsync(First, $"{SecondToken}\n{FirstToken}");
        await World.SoonAsync(() => two.LetsInAsync(SecondToken), "the second node lets the new token in");

        await AgreeAsync(one, First, $"{SecondToken}\n{FirstToken}");
        await Assert.ThrowsAsync<ConfigurationException>(() => AgreeAsync(one, First, FirstToken));
        await one.ReplaceAsync(First, SecondToken);
        await two.ReplaceAsync(First, SecondToken);
        await World.SoonAsync(async () => !await one.LetsInAsync(FirstToken) && !await two.LetsInAsync(FirstToken), "both nodes refuse the old token");
        Assert.True(await one.LetsInAsync(SecondToken) && await two.LetsInAsync(SecondToken));
    }

    private static Task AgreeAsync(Node node, string secret, string token) =>
        SecretMarks.AgreeAsync(node.Ledger, EnvelopeSecretFile.Parse(secret), token, changed: false, Stop);

    private async Task<Node> NodeAsync(string name, string secret, string token)
    {
        var (tokenFile, secretFile) = (Path.Combine(_folder.FullName, $"{name}-token"), Path.Combine(_folder.FullName, $"{name}-secret"));
        await File.WriteAllTextAsync(tokenFile, token, Stop);
        await File.WriteAllTextAsync(secretFile, secret, Stop);
        var ledger = await PostgresLedger.OpenAsync(_store);
        await SecretMarks.AgreeAsync(ledger, EnvelopeSecretFile.Parse(secret), token, changed: false, Stop);
        var server = TieoutServer.Build(
            new ServerOptions
            {
                Listen = "http://127.0.0.1:0",
                Data = Path.Combine(_folder.FullName, name),
                Postgres = _store,
                AdminToken = token,
                EnvelopeSecret = EnvelopeSecretFile.Parse(secret),
                SecretFiles = new(tokenFile, secretFile),
                Doors = new() { WrongCredentials = 1_000_000 },
            },
            ledger);
        await server.StartAsync(Stop);
        return new(server, ledger, tokenFile, secretFile);
    }

    private sealed class Node(WebApplication server, PostgresLedger ledger, string tokenFile, string secretFile) : IAsyncDisposable
    {
        private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new(server.Urls.First()) };
        private string _token = FirstToken;

        public PostgresLedger Ledger => ledger;

        public async Task ReplaceAsync(string secret, string token)
        {
            _token = token.Split('\n')[0];
            if (await File.ReadAllTextAsync(tokenFile, Stop) != token) await File.WriteAllTextAsync(tokenFile, token, Stop);
            if (await File.ReadAllTextAsync(secretFile, Stop) != secret) await File.WriteAllTextAsync(secretFile, secret, Stop);
        }

        public async Task<(string Envelope, string KeyId)> IssueAsync()
        {
            var issued = await PostAsync("/api/v1/envelopes", "{}", World.Secret);
            return (issued.GetProperty("envelope").GetString()!, issued.GetProperty("key_id").GetString()!);
        }

        public async Task<string> KeyIdAsync() => (await IssueAsync()).KeyId;

        public async Task<string> VerdictAsync((string Envelope, string KeyId) issued) =>
            (await PostAsync("/api/v1/envelopes/verify", $$"""{"envelope":"{{issued.Envelope}}"}""")).GetProperty("verdict").GetString()!;

        public async Task<bool> LetsInAsync(string token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/orgs");
            request.Headers.Authorization = new("Bearer", token);
            using var answer = await _http.SendAsync(request, Stop);
            return answer.IsSuccessStatusCode;
        }

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            await server.StopAsync(CancellationToken.None);
            await server.DisposeAsync();
            await ledger.DisposeAsync();
        }

        private async Task<JsonElement> PostAsync(string path, string body, string? secret = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            request.Headers.Authorization = new("Bearer", secret ?? _token);
            using var answer = await _http.SendAsync(request, Stop);
            Assert.True(answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(Stop)}");
            return await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
        }
    }
}
