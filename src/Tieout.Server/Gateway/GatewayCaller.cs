using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Tenancy;
using Tieout.Server.Attribution;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary>Step 1: who asks, and for whom.</summary>
internal sealed record GatewayCaller(Spender Spender, Tags Tags, Correlation Correlation)
{
    /// <summary>The logical thing asked for; the caller's own id for it, or a new one.</summary>
    public string OperationId { get; } = Tags.Operation ?? Guid.CreateVersion7().ToString();

    /// <summary>The envelope of the operation; null: there is none, as none can be issued here.</summary>
    public CarriedEnvelope? Carried { get; init; }

    /// <summary>Whether it was made for this request.</summary>
    public bool IsCarriedNew { get; init; }

    /// <summary>The key that passed the gate, with the tags of its request.</summary>
    public static GatewayRefusal? Read(HttpContext context, out GatewayCaller? caller)
    {
        caller = null;
        if (Tags.Read(context.Request.Headers, out var tags) is { } refused) return refused;
        var spender = Caller.Of(context).Spender!;
        if (spender.Pin(ref tags) is { } pinned) return pinned;
        caller = new(spender, tags, Correlation.Of(context));
        return null;
    }

    /// <summary>The same, for whom the envelope says: a verified one outranks the key's own org and the headers (A2).</summary>
    public static GatewayRefusal? Read(HttpContext context, KeySnapshot keys, Identities identities, out GatewayCaller? caller)
    {
        if (Read(context, out caller) is { } refused) return refused;
        return identities.Bind(context, keys, ref caller!);
    }

    /// <summary>Whom the request is for: the header's user, else the body's.</summary>
    /// <param name="bodyUser">Free text in OpenAI's dialect; one that is no name counts under its hash, so that it counts at all.</param>
    public string? EndUser(string? bodyUser)
    {
        if (Tags.User is not null || string.IsNullOrEmpty(bodyUser)) return Tags.User;
        return Names.IsValid(bodyUser) ? bodyUser : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(bodyUser)).AsSpan(0, 16))}";
    }
}
