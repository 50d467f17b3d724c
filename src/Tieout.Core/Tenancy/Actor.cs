namespace Tieout.Core.Tenancy;

/// <summary>Who carries out an administrative action, and from where. Contains no secret.</summary>
/// <param name="Id">The id of the token or key, or the name of the job.</param>
/// <param name="Role">The role of the token at that time; <c>none</c> for a refused log-in.</param>
/// <param name="Address">The IP address of the connection; null: the actor is part of the server.</param>
/// <param name="Agent">The <c>User-Agent</c> header, cut to <see cref="AgentMax"/> characters; null: none was sent.</param>
public sealed record Actor(string Id, string Role, string CorrelationId, string? Address = null, string? Agent = null)
{
    public const int AgentMax = 256;
}
