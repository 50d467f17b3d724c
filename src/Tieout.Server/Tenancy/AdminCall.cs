using System.Text.Json.Nodes;
using Tieout.Core.Ledger;
using Tieout.Core.Tenancy;
using Tieout.Server.Configuration;

namespace Tieout.Server.Tenancy;

/// <summary>One call of a person: who acts, on what, and which approvals hold. Actions take this, so they run the same behind every surface.</summary>
/// <param name="action">The call as its audit records describe it.</param>
/// <param name="approvals">Above which amount a second person must approve; null: no action needs approval.</param>
/// <param name="cancellationToken">Ends when the caller goes away.</param>
internal sealed class AdminCall(AuditAction action, ApprovalOptions? approvals, CancellationToken cancellationToken)
{
    public Actor Actor => action.Actor;

    public ApprovalOptions? Approvals => approvals;

    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>Whether the call has an audit record already.</summary>
    public bool IsRecorded { get; private set; }

    /// <summary>States that the call needs no further audit record.</summary>
    /// <param name="why">For the reader of the code.</param>
    public void MarkRecorded(string why)
    {
        ArgumentException.ThrowIfNullOrEmpty(why);
        IsRecorded = true;
    }

    /// <param name="after">What was asked for; null: the command says it.</param>
    public AuditAction Action(JsonObject? after = null) => action with { After = after?.ToJsonString() };
}
