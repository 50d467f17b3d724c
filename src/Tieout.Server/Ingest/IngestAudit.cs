using Tieout.Core.Ledger;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Ingest;

/// <summary>How a call of the platform's people that hands in usage is recorded (U1). A tenant's own call is recorded by its usage records, which name the
/// key.</summary>
internal sealed class IngestAudit(ILedger ledger, AdminCall call)
{
    /// <summary>The record of the whole call, submitted with its charges.</summary>
    public Command Call(string org, int items)
    {
        call.MarkRecorded("The returned command is the record.");
        return AdminActions.Audited(ledger, new Command.RecordAudit(org, "done"), call, after: new() { ["items"] = items });
    }

    /// <summary>A charge whose amount is stated moves money by hand: freeze and second person hold for it, and it is recorded by itself.</summary>
    public Command Stated(Command charge) => AdminActions.Audited(ledger, charge, call, new(Reason: "usage handed in with a stated charge"));
}
