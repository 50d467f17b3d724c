using System.Collections.Immutable;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Reconciliation.SelfCheck;

/// <summary>What brings a difference to zero. Exactly one of the cases below.</summary>
public abstract record Repair
{
    private Repair() { }

    /// <summary>In one sentence, for people: what <c>correct</c> will do, or what it needs to be told.</summary>
    public abstract string Proposed { get; }

    /// <summary>Money that it moves, for the question who must approve; null: none.</summary>
    public virtual Amount? Moves => null;

    /// <summary>Takes a charge back and, unless <paramref name="Anew"/> is null, enters it anew (L7).</summary>
    public sealed record Reverse(long Posting, Amount Posted, Amount? Anew) : Repair
    {
        public override string Proposed =>
            Anew is { } anew ? $"reverse posting {Posting} ({Posted}) and enter {anew} anew" : $"reverse posting {Posting} ({Posted})";

        public override Amount? Moves => Anew is { } anew ? anew - Posted : -Posted;
    }

    /// <summary>Posts the charge that a usage record stands without.</summary>
    public sealed record ChargeRecorded(long Usage, Amount Charge) : Repair
    {
        public override string Proposed => $"post the missing charge of {Charge} for usage {Usage}";

        public override Amount? Moves => Charge;
    }

    /// <summary>Charges the same usage again under the right labels, then takes the wrong charge back. The record itself is never edited.</summary>
    /// <param name="Charge">The usage with its price and, as its id, one that follows from the finding.</param>
    public sealed record Relabel(PricedUsage Charge, string WrongOrg, long Posting, string Changes) : Repair
    {
        public override string Proposed => $"charge the usage again with {Changes}, then reverse posting {Posting}";

        public override Amount? Moves => Charge.Charge;
    }

    /// <summary>Puts a figure that follows from rows back to what its rows come to.</summary>
    /// <param name="Drift">Null: to be measured again. A restart changes figures, so a stored drift is not valid later.</param>
    public sealed record Rebuild(FigureDrift? Drift) : Repair
    {
        public override string Proposed => "rebuild the figure from its rows; no money moves";
    }

    public sealed record EndHold(AttemptId Hold) : Repair
    {
        public override string Proposed => $"expire the hold {Hold}, which releases its amount";
    }

    /// <summary>Gives back by a credit note what an invoice says too much.</summary>
    public sealed record Credit(string Invoice, Amount Net, string Reason) : Repair
    {
        public override string Proposed => $"issue a credit note of {Net} for {Invoice}";

        public override Amount? Moves => -Net;
    }

    /// <summary>Meters a day of an instance again from its activity.</summary>
    public sealed record Meter(string Runtime, string Component, long Day, Amount? Charge) : Repair
    {
        public override string Proposed => Charge is { } charge
            ? $"record the missing usage of {Runtime}/{Component} from its activity and charge {charge}"
            : $"no price is known for {Runtime}/{Component}: give one, then correct";

        public override Amount? Moves => Charge;
    }

    /// <summary>Takes back what stands charged on a day of an instance and charges what its activity comes to.</summary>
    /// <param name="Change">Null: no price is known.</param>
    public sealed record MeterAnew(string Runtime, long Day, Amount? Change) : Repair
    {
        public override string Proposed => Change is { } change
            ? $"charge the day of {Runtime} anew from its activity, in one commit: {change}"
            : $"no price is known for {Runtime}: give one, then correct";

        public override Amount? Moves => Change;
    }

    /// <summary>Records the usage of an attempt that has none. What it came to, only a person can say: at most what was held.</summary>
    /// <param name="Held">Null: no hold of it is known.</param>
    public sealed record RecordUsage(AttemptId Id, UsageLabels Labels, string OperationId, string? EndUser, Instant At, Amount? Held) : Repair
    {
        public override string Proposed =>
            $"needs a decision: record the usage with --amount A{(Held is { } held ? $" (held: {held})" : "")}, A from the provider's own log, or --accept that there was none";

        public override Amount? Moves => Held;
    }

    /// <summary>Writes a row back from a backup, if its bytes make the chain's hash again. No posting can repair it.</summary>
    public sealed record RestoreRow(string Table, string Row) : Repair
    {
        public override string Proposed => $"restore {Table} {Row} from a backup: correct --from BACKUP, with the server stopped";
    }

    public sealed record ReplaySpool : Repair
    {
        public override string Proposed => "replay the spool: costs replay-dlq";
    }

    /// <summary>A person says what is right.</summary>
    /// <param name="Posting">The charge that <c>--amount</c> corrects; 0: there is none.</param>
    public sealed record Decide(long Posting, string Question) : Repair
    {
        public override string Proposed => Posting > 0
            ? $"needs a decision: {Question}; --amount A charges A instead of posting {Posting}, --accept accepts it"
            : $"needs a decision: {Question}; --accept accepts it";
    }
}

/// <summary>How far a stored or shown figure is from what its rows come to. Left − right, column by column.</summary>
public abstract record FigureDrift
{
    private FigureDrift() { }

    /// <summary>Up to where the rows were added up that the expected figure is the sum of.</summary>
    public SumsEnd At { get; init; }

    /// <param name="Expected">What the rows come to.</param>
    /// <param name="Shown">Drift of the figure in memory, which every reader sees; null: it is not in memory.</param>
    public sealed record OfAccount(Account Expected, AccountDeltas Stored, AccountDeltas? Shown) : FigureDrift;

    /// <inheritdoc cref="OfAccount"/>
    public sealed record OfWindow(BudgetWindow Expected, WindowDeltas Stored, WindowDeltas? Shown) : FigureDrift;

    /// <param name="Expected">What the rows come to.</param>
    /// <param name="Stored">In the order of <see cref="CellChange.FigureNames"/>.</param>
    public sealed record OfCell(CellChange Expected, ImmutableArray<Int128> Stored) : FigureDrift;
}

/// <summary>Where sums over rows end.</summary>
/// <param name="Bucket">Which of the store's books the rows are in: 0 where there is but one.</param>
/// <param name="Posting">The last posting that was added.</param>
public readonly record struct SumsEnd(int Bucket, long Posting);

public readonly record struct AccountDeltas(Amount Debits, Amount Credits, Amount Held, long Version);

public readonly record struct WindowDeltas(Amount Posted, Amount Held);
