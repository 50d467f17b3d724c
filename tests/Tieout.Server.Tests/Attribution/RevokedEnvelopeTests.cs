using System.Net;
using System.Text.Json;
using Tieout.Server.Tests.Gateway;

namespace Tieout.Server.Tests.Attribution;

/// <summary>A2: an envelope of a blocked key, or one that was revoked, is refused at every door: gateway, ingest, hops, as a parent.</summary>
public sealed class RevokedEnvelopeTests
{
    [Fact]
    public async Task A2_envelopes_of_a_blocked_key_are_refused_at_every_door_and_valid_again_when_it_is_unblocked()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var envelope = await world.IssueAsync();
        Assert.Equal((int[])[200, 200, 201, 201], await DoorsAsync(world, envelope, "before"));

        await world.ApiAsync("/orgs/acme/keys/key-1/block", "{}");
        Assert.All(await DoorsAsync(world, envelope, "blocked"), status => Assert.Equal(403, status));

        await world.ApiAsync("/orgs/acme/keys/key-1/unblock", "{}");
        Assert.Equal((int[])[200, 200, 201, 201], await DoorsAsync(world, envelope, "after"));
    }

    [Fact]
    public async Task A2_a_revoked_envelope_and_what_was_derived_from_it_are_refused_at_every_door()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        var (envelope, other) = (await world.IssueAsync(), await world.IssueAsync("""{"operation_id":"op-2"}"""));
        var child =
            (await world.ApiAsync("/envelopes", $$"""{"parent":"{{envelope}}"}""", EnvelopeWorld.WorkerSecret)).Body.GetProperty("envelope").GetString()!;

        var (status, body) = await world.ApiAsync("/envelopes/revoke", $$"""{"envelope":"{{envelope}}"}""");
        Assert.True(status == 200, body.ToString());
        Assert.All(await DoorsAsync(world, envelope, "revoked"), answered => Assert.Equal(403, answered));
        Assert.All(await DoorsAsync(world, child, "child"), answered => Assert.Equal(403, answered));
        Assert.Equal((int[])[200, 200, 201, 201], await DoorsAsync(world, other, "other"));
    }

    [Fact]
    public async Task A_rotated_keys_old_secret_ends_at_once_when_that_is_asked_for()
    {
        await using var world = await EnvelopeWorld.StartAsync();
        Assert.Equal(200, await ChatStatusAsync(world, World.Secret));
        var first = await RotateAsync(world, """{"grace_seconds":3600}""");
        Assert.Equal((200, 200), (await ChatStatusAsync(world, World.Secret), await ChatStatusAsync(world, first)));

        await world.ApiAsync("/orgs/acme/keys/key-1/end-previous", "{}");
        Assert.Equal((401, 200), (await ChatStatusAsync(world, World.Secret), await ChatStatusAsync(world, first)));

        var second = await RotateAsync(world, """{"now":true}""");
        Assert.Equal((401, 200), (await ChatStatusAsync(world, first), await ChatStatusAsync(world, second)));
    }

    /// <summary>The gateway, ingest, a hop and a derived envelope, each with the worker's key.</summary>
    private static async Task<int[]> DoorsAsync(EnvelopeWorld world, string envelope, string id)
    {
        using var chat = await world.ChatAsync(EnvelopeWorld.WorkerSecret, $"Tieout-Envelope: {envelope}");
        var (ingested, body) = await world.ApiAsync("/usage",
            $$"""{"items":[{"id":"{{id}}","provider":"openai","model":"gpt-4o","occurred_at":"{{DateTimeOffset.UtcNow:O}}","input_tokens":1,"envelope":"{{envelope}}"}]}""", EnvelopeWorld.WorkerSecret);
        var item = body.TryGetProperty("items", out var items) && items.ValueKind is JsonValueKind.Array && items.GetArrayLength() > 0 ? items[0] : body;
        var refused = item.TryGetProperty("code", out var code);
        Assert.True(!refused || code.GetString() == "envelope_revoked", body.ToString());
        var (hop, _) = await world.ApiAsync("/envelopes/hops", $$"""{"envelope":"{{envelope}}","id":"{{id}}","target":"queue"}""", EnvelopeWorld.WorkerSecret);
        var (child, _) = await world.ApiAsync("/envelopes", $$"""{"parent":"{{envelope}}"}""", EnvelopeWorld.WorkerSecret);
        return [(int)chat.StatusCode, refused ? 403 : ingested, hop, child];
    }

    private static async Task<int> ChatStatusAsync(EnvelopeWorld world, string secret)
    {
        using var answer = await world.ChatAsync(secret);
        return (int)answer.StatusCode;
    }

    private static async Task<string> RotateAsync(EnvelopeWorld world, string body)
    {
        var (status, answer) = await world.ApiAsync("/orgs/acme/keys/key-1/rotate", body);
        Assert.Equal((int)HttpStatusCode.OK, status);
        return answer.GetProperty("key").GetString()!;
    }
}
