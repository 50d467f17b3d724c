using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tieout.Core.Spike;
using Tieout.Core.Tenancy;
using Tieout.Server.Attribution;
using Tieout.Server.Telemetry;
using Tieout.Server.Tenancy;

namespace Tieout.Server.Gateway;

/// <summary>Step 1: the key that makes a request, and the tenant and purpose it is for.</summary>
internal sealed record GatewayCaller(Spender Spender, Tags Tags, Correlation Correlation)
{
    /// <summary>Id of the logical request that all attempts share: the caller's own, or a new one.</summary>
    public string OperationId { get; } = Tags.Operation ?? Guid.CreateVersion7().ToString();

    /// <summary>The envelope of the operation; null: none came, and this server cannot issue one.</summary>
    public CarriedEnvelope? Carried { get; init; }

    /// <summary>The envelope was issued for this request.</summary>
    public bool IsCarriedNew { get; init; }

    /// <summary>Reads the tags of a request, whose key the access gate has verified.</summary>
    public static GatewayRefusal? Read(HttpContext context, out GatewayCaller? caller)
    {
        caller = null;
        if (Tags.Read(context.Request.Headers, out var tags) is { } refused) return refused;
        var spender = Caller.Of(context).Spender!;
        if (spender.Pin(ref tags) is { } pinned) return pinned;
        caller = new(spender, tags, Correlation.Of(context));
        return null;
    }

    /// <summary>Reads the tags and binds the request to its envelope: a verified envelope outranks the key's own org and the headers (A2).</summary>
    public static GatewayRefusal? Read(HttpContext context, KeySnapshot keys, Identities identities, out GatewayCaller? caller)
    {
        if (Read(context, out caller) is { } refused) return refused;
        return identities.Bind(context, keys, ref caller!);
    }

    /// <summary>What mitigations look at.</summary>
    public MitigatedRequest Asked(Dialects.GatewayRequest request) =>
        new(Tags.Feature, Spender.Key.Team, Spender.Key.Id, request.Model, Tags.Trigger, EndUser(request.User));

    /// <summary>The end user that the request is for: the header's, else the body's.</summary>
    /// <param name="bodyUser">Free text in OpenAI's dialect. Text that is not a valid name counts under its hash, so that no spelling evades a budget.</param>
    public string? EndUser(string? bodyUser)
    {
        if (Tags.User is not null || string.IsNullOrEmpty(bodyUser)) return Tags.User;
        return Names.IsValid(bodyUser) ? bodyUser : $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(bodyUser)).AsSpan(0, 16))}";
    }
}
