using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;
using Tieout.Server.Http;
using Tieout.Server.Telemetry;

namespace Tieout.Server.Tenancy;

/// <summary>Makes the <see cref="AdminCall"/> of an HTTP request. The only place where an action's actor is read from a request.</summary>
internal static class AdminCalls
{
    /// <summary>The role of a caller that was not let in.</summary>
    public const string NoRole = "none";

    /// <summary>Of an address, in characters: no longer name is accepted, so the server refused the part that is cut.</summary>
    private const int TargetMax = 512;

    /// <summary>The call of a request that passed <see cref="AccessGate"/>; the same for the whole request.</summary>
    public static AdminCall Of(HttpContext context)
    {
        if (context.Items.TryGetValue(typeof(AdminCall), out var known)) return (AdminCall)known!;
        var caller = Caller.Of(context);
        var action = Action(context, ActorOf(context, caller)) with { Person = caller.Person };
        var call = new AdminCall(action, context.RequestServices.GetService<ServerOptions>()?.Approvals, context.RequestAborted);
        context.Items[typeof(AdminCall)] = call;
        return call;
    }

    /// <summary>A call that the gate refused, as its audit record describes it.</summary>
    /// <param name="caller">Null: the credential is unknown, so the record names nobody.</param>
    public static AuditAction Refused(HttpContext context, Caller? caller) =>
        Action(context, caller is null ? ActorOf(context, "unknown", NoRole) : ActorOf(context, caller));

    private static AuditAction Action(HttpContext context, Actor actor)
    {
        var pattern = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "";
        return new(actor, $"{context.Request.Method} {Below(pattern)}", Target(context));
    }

    private static Actor ActorOf(HttpContext context, Caller caller) =>
        ActorOf(context, caller.TokenId, caller.Role is { } role ? TokenEndpoints.Name(role) : "key");

    private static Actor ActorOf(HttpContext context, string id, string role) =>
        new(id, role, Correlation.Of(context).CorrelationId, context.Connection.RemoteIpAddress?.ToString(), Cut(context.Request.Headers.UserAgent.ToString()));

    private static string Target(HttpContext context)
    {
        var path = Below(context.Request.Path.Value ?? "");
        return path.Length <= TargetMax ? path : path[..TargetMax];
    }

    private static string Below(string path) => path.StartsWith(ApiPath.Root, StringComparison.Ordinal) ? path[ApiPath.Root.Length..] : path;

    private static string? Cut(string agent) =>
        agent.Length == 0 ? null : new string([.. agent.Take(Actor.AgentMax).Select(c => c is >= ' ' and < '\x7f' ? c : '?')]);
}
