using System.Net.Http.Headers;
using System.Text.Json;

namespace Tieout.Client;

/// <summary>Asks Tieout whether an action that cannot be undone may run (promise G1).</summary>
/// <param name="tieout">With Tieout as its base address, and a key with the scope <c>guard</c>.</param>
public sealed class GuardClient(HttpClient tieout)
{
    private static readonly Uri Address = new("/api/v1/guard/decide", UriKind.Relative);

    /// <param name="action">For example <c>volume.delete</c>.</param>
    /// <param name="envelope">As it came with the request for the action; null: none did.</param>
    /// <param name="nonce">Of this one call, so that the envelope's operation may make it once; null: it may be made again.</param>
    /// <exception cref="HttpRequestException">There is no answer, so the action must not run. Asking again is safe, but for a call that counts once.</exception>
    public async Task<GuardVerdict> DecideAsync(
        string action, GuardedResource resource, string? envelope, string? nonce = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(resource);
        using var body = new ByteArrayContent(Write(action, resource, envelope, nonce));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await tieout.PostAsync(Address, body, cancellationToken).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
        using var answer = await JsonDocument.ParseAsync(
            await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), cancellationToken: cancellationToken).ConfigureAwait(false);

        // Only the two outcomes that allow are believed: one that this client does not know blocks.
        var outcome = Text(answer.RootElement, "outcome");
        return new(outcome is "allow" or "shadow_hit", outcome, Text(answer.RootElement, "reason"), Text(answer.RootElement, "detail"),
            Text(answer.RootElement, "decision_id"));
    }

    private static string Text(JsonElement body, string member) =>
        body.TryGetProperty(member, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString()! : "";

    private static byte[] Write(string action, GuardedResource resource, string? envelope, string? nonce)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("action", action);
            json.WriteStartObject("resource");
            json.WriteString("type", resource.Type);
            json.WriteString("id", resource.Id);
            json.WriteString("owner_org", resource.OwnerOrg);
            json.WriteEndObject();
            json.WriteString("envelope", envelope);
            json.WriteString("nonce", nonce);
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }
}

/// <param name="Type">For example <c>volume</c>.</param>
/// <param name="OwnerOrg">The org that owns it, as the service itself knows it, never as the request says; null: nobody.</param>
public sealed record GuardedResource(string Type, string Id, string? OwnerOrg);

/// <summary>What Tieout answered; it is on record there.</summary>
/// <param name="MayRun">Whether the action may run.</param>
/// <param name="Outcome">allow, shadow_hit (it may run, and would be blocked if the policy were enforced) or block.</param>
/// <param name="Reason">Stable, snake_case.</param>
/// <param name="Detail">One sentence for a person.</param>
/// <param name="Id">Of the record.</param>
public sealed record GuardVerdict(bool MayRun, string Outcome, string Reason, string Detail, string Id);
