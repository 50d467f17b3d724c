using System.Text.Json;
using Tieout.Core;
using Tieout.Core.Attribution;
using Tieout.Core.Money;
using Tieout.Server.Tests.Gateway;
using Tieout.Tests;

namespace Tieout.Server.Tests.Attribution;

/// <summary>The table of docs/specs/envelope.md, row by row and for both kinds of key: what is answered, what is found, who is charged (A2).</summary>
public sealed class IdentityTableTests
{
    private const string Own = World.Secret, Beta = EnvelopeWorld.BetaSecret, Worker = EnvelopeWorld.WorkerSecret;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>What comes, with whose key; status and code; the finding's code, cause and org; how many attempts are charged to acme.</summary>
    public static TheoryData<string, string, int, string?, string?, int> Table => new()
    {
        { "none", Own, 200, null, null, 1 },
        { "none", Worker, 403, "envelope_required", null, 0 },
        { "valid", Own, 200, null, null, 1 },
        { "valid", Worker, 200, null, null, 1 },
        { "replayed", Own, 200, null, null, 2 },
        { "replayed", Worker, 200, null, null, 2 },
        { "replayed", Beta, 403, "identity_rebind", "identity_rebind tenant_foreign acme", 1 },
        { "replayed by a worker unknown to it", "tk-of-a-second-worker", 200, null, null, 2 },
        { "foreign", Own, 403, "identity_rebind", "identity_rebind tenant_foreign beta", 0 },
        { "foreign", Worker, 403, "identity_rebind", "identity_rebind tenant_foreign beta", 0 },
        { "rewritten", Own, 403, "envelope_refused", "identity_rebind signature_wrong acme", 0 },
        { "rewritten", Worker, 403, "envelope_refused", "identity_rebind signature_wrong platform", 0 },
        { "rewritten beside it", Own, 403, "identity_rebind", "identity_rebind tenant_rewritten acme", 0 },
        { "rewritten beside it", Worker, 403, "identity_rebind", "identity_rebind tenant_rewritten acme", 0 },
        { "expired", Own, 200, null, null, 1 },
        { "expired", Worker, 403, "envelope_expired", null, 0 },
        { "unsigned", Own, 403, "envelope_refused", "identity_rebind unsigned acme", 0 },
        { "unsigned", Worker, 403, "envelope_refused", "identity_rebind unsigned platform", 0 },
        { "algorithm none", Worker, 403, "envelope_refused", "identity_rebind algorithm_wrong platform", 0 },
        { "re-signed", Own, 403, "envelope_refused", "identity_rebind key_unknown acme", 0 },
        { "re-signed under our key's name", Worker, 403, "envelope_refused", "identity_rebind signature_wrong platform", 0 },
        { "after its key retired", Worker, 403, "envelope_refused", "identity_rebind key_retired platform", 0 },
        { "signed with a revoked key", Own, 403, "envelope_revoked", "identity_quarantined key_revoked acme", 0 },
        { "signed with a revoked key", Worker, 403, "envelope_revoked", "identity_quarantined key_revoked platform", 0 },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public async Task A2_every_row_of_the_table(string what, string secret, int status, string? code, string? finding, int charged)
    {
        var time = new AheadClock();
        await using var world = await EnvelopeWorld.StartAsync(time);
        await world.AddWorkerAsync("worker-8", "tk-of-a-second-worker", "acme");
        var headers = await PresentedAsync(world, what, time);
        var calls = world.World.Bill.Calls().Count;

        using var response = await world.ChatAsync(secret, headers);

        Assert.Equal(status, (int)response.StatusCode);
        if (code is not null) Assert.Equal(code, (await World.JsonAsync(response)).GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(calls + (status == 200 ? 1 : 0), world.World.Bill.Calls().Count);
        Assert.Equal(charged, (await world.UsageAsync("acme")).Count(row => row.Charge > Amount.Zero));
        Assert.Empty(await world.UsageAsync("beta"));
        Assert.Empty(await world.UsageAsync("platform"));
        Assert.Empty(world.World.Read.OpenHolds(null));
        if (finding is not null) await World.SoonAsync(async () => (await FindingsAsync(world)).Count > 0, finding);
        else await Task.Delay(50, Stop);
        Assert.Equal(finding is null ? [] : [finding], await FindingsAsync(world));
    }

    private static async Task<string[]> PresentedAsync(EnvelopeWorld world, string what, AheadClock time)
    {
        if (what == "none") return [];
        var token = await world.IssueAsync();
        var parts = token.Split('.');
        switch (what)
        {
            case "replayed" or "replayed by a worker unknown to it":
                (await world.ChatAsync(Worker, $"Tieout-Envelope: {token}")).Dispose();
                break;
            case "foreign":
                token = await world.IssueAsync("""{"operation_id":"op-b"}""", Beta);
                break;
            case "rewritten":
                token = EnvelopeWorld.Rewritten(token, "acme", "beta");
                break;
            case "rewritten beside it":
                return [$"Tieout-Envelope: {token}", "Tieout-Org: beta"];
            case "expired":
                time.Ahead = TimeSpan.FromDays(2);
                break;
            case "unsigned":
                token = $"{parts[0]}.{parts[1]}.";
                break;
            case "algorithm none":
                token = $"{Encoded(Decoded(parts[0]).Replace("HS256", "none", StringComparison.Ordinal))}.{parts[1]}.{parts[2]}";
                break;
            case "re-signed":
                token = Signed("ek_mine", new byte[32]);
                break;
            case "re-signed under our key's name":
                token = Signed(JsonElement.Parse(Decoded(parts[0])).GetProperty("kid").GetString()!, new byte[32]);
                break;
            case "after its key retired":
                await world.ApiAsync("/envelope-keys", """{"id":"ek_next"}""");
                token = Signed(JsonElement.Parse(Decoded(parts[0])).GetProperty("kid").GetString()!,
                    Server.Attribution.EnvelopeSecretFile.Parse(EnvelopeWorld.SecretText), later: 120);
                time.Ahead = TimeSpan.FromSeconds(200);
                break;
            case "signed with a revoked key":
                await world.ApiAsync($"/envelope-keys/{JsonElement.Parse(Decoded(parts[0])).GetProperty("kid").GetString()}/state", """{"state":"revoked"}""");
                break;
        }

        return [$"Tieout-Envelope: {token}"];
    }

    private static string Signed(string keyId, byte[] secret) => Signed(keyId, new EnvelopeSecret(secret));

    private static string Signed(string keyId, EnvelopeSecret secret, int later = 0)
    {
        var ring = new KeyRing([new(keyId, EnvelopeKey.Hs256, EnvelopeKeyState.Active, secret.Check(keyId), DateTimeOffset.UtcNow)], secret);
        var now = Instant.From(DateTimeOffset.UtcNow);
        var second = new Instant((now.UnixMicros / 1_000_000 + later) * 1_000_000);
        return EnvelopeToken.Sign(new("acme", "o", "w", "p", "i", null, "tieout", second, second + TimeSpan.FromHours(1)), ring.Active!);
    }

    private static async Task<List<string>> FindingsAsync(EnvelopeWorld world) =>
        [.. (await world.World.Read.FindingsAsync(null, 100, Stop)).Select(
            finding => $"{finding.Code} {JsonElement.Parse(finding.Detail).GetProperty("cause").GetString()} {finding.Org}")];

    private static string Decoded(string part) => System.Text.Encoding.ASCII.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(part));

    private static string Encoded(string text) => System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.ASCII.GetBytes(text));
}
