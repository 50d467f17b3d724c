using Tieout.Core;
using Tieout.Core.Invoicing;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Core.Tenancy;
using Tieout.Server.Http;
using Tieout.Server.Tenancy;
using Tieout.Storage;

namespace Tieout.Server.Tracing;

/// <summary>One attempt as steps: each row of the ledger about it, and what follows from those rows.</summary>
internal sealed class TraceSteps(IBudgetsReader read, OrgState org, IReadOnlyList<FinalInvoice> invoices, Viewer viewer)
{
    /// <summary>At the same time, in the order in which one leads to the other.</summary>
    private static readonly string[] Order = ["request", "envelope", "hold", "hold_end", "usage", "posting", "window", "finding", "message", "delivery",
        "invoice_line"];

    private readonly List<(Instant At, long Seq, TraceStepBody Step)> _steps = [];
    private readonly HashSet<string> _requests = new(StringComparer.Ordinal);
    private readonly HashSet<string> _messages = new(StringComparer.Ordinal);

    /// <summary>Numbers of the messages among the steps.</summary>
    public List<long> Messages { get; } = [];

    /// <summary>Σ charges and what corrected them.</summary>
    public Amount Charge { get; private set; }

    public IReadOnlyList<TraceStepBody> InOrder =>
        [.. _steps.OrderBy(step => step.At).ThenBy(step => Array.IndexOf(Order, step.Step.Kind)).ThenBy(step => step.Seq).Select(step => step.Step)];

    public void Envelope(LineageEntry entry)
    {
        var step = entry.Row.Step;
        var what = $"{(step.Kind == LineageKind.Attempt ? $"attempt {step.AttemptNo}" : "hop")} by {step.Executor} to {step.Target}, step {entry.Row.No} of envelope {entry.Row.Issuance}";
        _steps.Add((step.At, entry.Seq,
            new(step.At.ToString(), "envelope", step.Id, what, null, entry.OperationId, null, step.AttemptNo, null, null, null, null)));
    }

    public void Attempt(Attempt attempt, AttemptRecords records)
    {
        var usage = attempt.Usage;
        Request(attempt);
        if (attempt.Hold is { } hold)
        {
            Add(hold.HeldAt, "hold", hold.Seq, attempt, $"set aside until {hold.ExpiresAt}", hold.Amount, records.Held);
            if (records.Ended is { } end) Add(end.At, "hold_end", hold.Seq, attempt, $"the hold was {SnakeCase.Of(end.State)}", -hold.Amount, end.Commit);
        }

        if (usage is not null) Add(usage.RecordedAt, "usage", usage.Seq, attempt, Used(usage), usage.Charge, records.Used);
        foreach (var posting in records.Postings) Posting(attempt, posting);

        // Findings and messages are the platform's own dealings with the attempt.
        if (viewer == Viewer.Platform) OfThePlatform(attempt, records);
    }

    private void OfThePlatform(Attempt attempt, AttemptRecords records)
    {
        foreach (var finding in records.Findings)
        {
            Add(finding.Row.RecordedAt, "finding", finding.Row.Seq, attempt, $"{finding.Row.Code} ({finding.Row.Code.Severity}): {finding.Row.Detail}", null,
                finding.Commit);
        }

        foreach (var message in records.Outbox.Where(message => IsAbout(message.Row, attempt)))
        {
            if (!_messages.Add(message.Row.Id)) continue;
            Messages.Add(message.Row.Seq);
            Add(message.Row.RecordedAt, "message", message.Row.Seq, attempt, $"{message.Row.Type}: {message.Row.Body}", null, message.Commit, message.Row.Id);
        }
    }

    /// <summary>How a message went to one endpoint.</summary>
    public void Delivery(Delivery delivery)
    {
        var answer = delivery.Status is { } status ? $", answered {status} in {delivery.DurationMs} ms" : delivery.Error is { } error ? $", {error}" : "";
        var what = $"{delivery.Type} to {delivery.Endpoint}: {SnakeCase.Of(delivery.State)} after {delivery.Attempts} {(delivery.Attempts == 1 ? "attempt" : "attempts")}{answer}";
        var at = delivery.LastAt ?? delivery.RecordedAt;
        _steps.Add((at, delivery.Seq, new(at.ToString(), "delivery", delivery.MessageId, what, null, null, null, null, null, null, null, null)));
    }

    private void Request(Attempt attempt)
    {
        var usage = attempt.Usage?.Usage;
        var labels = usage?.Labels ?? attempt.Hold!.Scope;
        var operation = usage?.OperationId ?? attempt.Hold!.OperationId;
        if (!_requests.Add($"{operation} {usage?.CorrelationId}")) return;
        var of = string.Join(", ",
            new[] { ("project", labels.Project), ("team", labels.Team), ("key", labels.Key), ("user", usage?.EndUser ?? attempt.Hold?.EndUser), ("feature",
                labels.Feature), ("app instance", labels.Runtime?.AppInstance) }
            .Where(label => label.Item2 is not null).Select(label => $"{label.Item1} {label.Item2}"));
        var (held, occurred) = (attempt.Hold?.HeldAt, usage?.OccurredAt);
        var at = held is null || occurred < held ? occurred!.Value : held.Value;
        Add(at, "request", 0, attempt, $"{SnakeCase.Of(labels.Source)} usage{(of.Length == 0 ? "" : $" of {of}")}", null, null, operation);
    }

    private void Posting(Attempt attempt, Committed<Posting> committed)
    {
        var posting = committed.Row;
        var signed = posting.Kind == PostingKind.Reversal ? -posting.Amount : posting.Amount;
        Charge += signed;
        var why = posting.Reverses > 0 ? $" of posting {posting.Reverses}: {posting.Reason} (command {posting.CommandId})"
            : $" from {SnakeCase.Of(org.KindOf(posting.Debit))} to {SnakeCase.Of(org.KindOf(posting.Credit))}";
        Add(posting.RecordedAt, "posting", posting.Seq, attempt, $"{SnakeCase.Of(posting.Kind)}{why}, counts at {posting.EffectiveAt}", signed,
            committed.Commit);
        var usage = attempt.Usage!.Usage;
        foreach (var budget in read.BudgetStates(org.Org.Id).Where(
            budget => budget.Counts(usage.Labels, usage.EndUser) && budget.CountsAt(posting.EffectiveAt)))
        {
            var window = budget.WindowAt(posting.EffectiveAt);
            var name = budget.Budget.Limit is null ? $"{budget.Budget.Id} ({(budget.Budget.Scope.IsWholeOrg ? "the org's own meter" : "without a limit")})"
                : $"{budget.Budget.Id}{(budget.IsPerUser ? $" of {usage.EndUser}" : "")}";
            Add(posting.RecordedAt, "window", budget.No, attempt, $"{name}, the window from {window.Start}", signed, committed.Commit, budget.Budget.Id);
        }

        Invoice(attempt, posting, signed, committed.Commit);
    }

    /// <summary>Which line of which invoice the posting is part of.</summary>
    private void Invoice(Attempt attempt, Posting posting, Amount amount, CommitLink commit)
    {
        var month = Month.Of(posting.EffectiveAt, org.Zone);
        var labels = attempt.Usage!.Usage.Labels;
        if (invoices.FirstOrDefault(invoice => invoice.Period == month.ToString()) is not { } issued)
        {
            var closed = org.ClosedThrough is { } through && through.CompareTo(month) >= 0;
            Add(posting.RecordedAt, "invoice_line", posting.Seq, attempt,
                closed ? $"{month} is closed; its invoice is not issued yet" : $"{month} is open: its invoice is still to come", amount, commit,
                month.ToString());
            return;
        }

        var line = issued.Lines.Index().FirstOrDefault(line =>
            line.Item.Project == labels.Project && line.Item.Provider == labels.Provider && line.Item.Model == labels.Model
                && line.Item.Source == labels.Source);
        var what = line.Item is null ? $"{issued.Number} has no line for it"
            : $"{issued.Number}, line {line.Index + 1}: {line.Item.Name}, {line.Item.Exact} over {line.Item.Attempts} attempts, postings {line.Item.Proof.FirstPosting} to {line.Item.Proof.LastPosting}";
        Add(Instant.From(issued.IssuedAt), "invoice_line", posting.Seq, attempt, what, amount, null, issued.Number);
    }

    private string Used(UsageRow row)
    {
        var (usage, counts) = (row.Usage, row.Usage.Counts);
        var flags = usage.Flags == 0 ? "" : $", {usage.Flags}";
        var amount = usage.Labels.Runtime is null ? $"{counts.InputTokens} in, {counts.OutputTokens} out" : $"{usage.DurationMs / 1000} s";
        return $"{usage.Labels.Provider ?? "no provider"} {usage.Labels.Model ?? "no model"}: status {usage.StatusCode}, {amount}, {SnakeCase.Of(usage.Basis)}{flags}, occurred {usage.OccurredAt}{(viewer == Viewer.Platform ? $"; provider cost {row.ProviderCost}" : "")}";
    }

    /// <summary>A commit has messages about others too.</summary>
    private bool IsAbout(OutboxRow message, Attempt attempt)
    {
        var (id, operation) = ((attempt.Hold?.Id ?? attempt.Usage!.Usage.Id).ToString(), attempt.Usage?.Usage.OperationId ?? attempt.Hold!.OperationId);
        if (message.Body.Contains($"\"{id}\"", StringComparison.Ordinal) || message.Body.Contains($"\"{operation}\"", StringComparison.Ordinal)) return true;
        var (labels, user) = (attempt.Usage?.Usage.Labels ?? attempt.Hold!.Scope, attempt.Usage?.Usage.EndUser ?? attempt.Hold?.EndUser);
        return read.BudgetStates(org.Org.Id).Any(
            budget => budget.Counts(labels, user) && message.Body.Contains($"\"{budget.Budget.Id}\"", StringComparison.Ordinal));
    }

    private void Add(Instant at, string kind, long seq, Attempt attempt, string what, Amount? amount, CommitLink? commit, string? id = null)
    {
        var usage = attempt.Usage?.Usage;
        _steps.Add((at, seq, new(
            at.ToString(), kind, id ?? (seq > 0 ? $"{seq}" : null), what, amount, usage?.OperationId ?? attempt.Hold!.OperationId,
            (usage?.Id ?? attempt.Hold!.Id).ToString(), usage?.AttemptNo,
            usage?.CorrelationId, usage?.TraceId, commit?.Commit, commit is null ? null : Convert.ToHexStringLower(commit.Hash.Span))));
    }
}
