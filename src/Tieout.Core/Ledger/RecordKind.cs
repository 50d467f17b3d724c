namespace Tieout.Core.Ledger;

/// <summary>What a record says happened. The numbers are stored and never change.</summary>
public enum RecordKind
{
    /// <summary>How rows stood before or after something was done to them. Recorded once.</summary>
    Evidence = 1,
}
