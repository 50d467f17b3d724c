using System.Security.Cryptography;
using System.Text;
using Tieout.Core.Ledger;
using Tieout.Core.Money;

namespace Tieout.Core.Attribution.Audit;

/// <summary>Whether operations kept the identity that they were issued with (A1, A2), operation by operation. Pure; keeps counts, and one hash for each
/// operation without a whole lineage.</summary>
/// <param name="keys">What links are checked with; null: there is no secret here.</param>
/// <param name="overdue">Holds that were to end before this time and are open are not in flight any more.</param>
public sealed class LineageAudit(KeyRing? keys, Executors executors, Instant overdue)
{
    /// <summary>The most operations without a whole lineage that the audit remembers, so that it counts each once.</summary>
    public const int RememberedMax = 1_000_000;

    private const int HashShown = 12;

    private readonly HashSet<UInt128> _withoutStep = [];
    private readonly SortedDictionary<string, LineageLine> _lines = new(StringComparer.Ordinal);

    /// <summary>By org.</summary>
    public IReadOnlyDictionary<string, LineageLine> Lines => _lines;

    /// <summary>The audit met more operations without a whole lineage than it remembers, so it counted too few.</summary>
    public bool IsAtLeast { get; private set; }

    /// <summary>Adds what an earlier audit settled.</summary>
    public void Add(string org, LineageLine settled) => LineOf(org).Add(settled);

    /// <summary>One of an org's settled operations turned out to have usage without a step.</summary>
    public void Unsettle(string org) => LineOf(org).Whole--;

    /// <summary>Usage without a step comes before the operations, so that these are known not to be whole.</summary>
    /// <param name="isNew">Nothing was known of its operation.</param>
    public LineageDefect Add(UnlinkedUsage usage, out bool isNew)
    {
        var line = LineOf(usage.Org);
        line.Attempts++;
        line.Charged += usage.Charge;
        line.InDoubt += usage.Charge;
        isNew = Remember(usage.Org, usage.OperationId);
        if (isNew && !usage.HasSteps) line.Operations++;
        return new(
            LineageDefectKind.WithoutStep, usage.Org, usage.OperationId, Step: null, usage, usage.Charge, Right: null,
            $"attempt {usage.AttemptNo} of operation {usage.OperationId} was charged {usage.Charge} to {usage.Org}, and {(usage.HasSteps ? "the lineage of its envelope does not have it" : "no envelope of it is on record")}");
    }

    /// <summary>What is wrong with an operation; nothing: it is whole, or what is odd about it is not its identity.</summary>
    public IReadOnlyList<LineageDefect> Add(AuditedOperation operation)
    {
        var defects = new List<LineageDefect>();
        var line = LineOf(operation.Org);
        line.Operations++;
        foreach (var step in operation.Steps) Count(line, step, operation.Org, defects);
        var isKept = Links(operation, line, defects) & Envelopes(operation, defects) & Elsewhere(operation, defects);
        if (isKept && !_withoutStep.Contains(HashOf(operation.Org, operation.Id))) line.Whole++;

        // A charge that several defects are about is in doubt once.
        foreach (var usage in defects.SelectMany(defect => defect.Charged).Select(step => step.Usage!).Distinct()) LineOf(usage.Org).InDoubt += usage.Charge;
        return defects;
    }

    private void Count(LineageLine line, AuditedStep step, string org, List<LineageDefect> defects)
    {
        var (entry, made) = (step.Entry, step.Entry.Row.Step);
        if (step.IsAttempt) line.Attempts++;
        else line.Hops++;
        if (step.Usage is { } usage)
        {
            if (usage.Org == org) line.Charged += usage.Charge;
            else defects.Add(Of(LineageDefectKind.ChargedElsewhere, step, usage.Org, [step], org,
                $"attempt {made.AttemptNo} of operation {entry.OperationId} has {org}'s envelope {entry.Row.Issuance}, and its charge of {usage.Charge} is {usage.Org}'s"));
        }
        else if (step.IsAttempt && Unused(step) is { } unused)
        {
            defects.Add(unused);
        }

        if (executors.Find(made.Executor) is { } key && key.Org != org)
        {
            if (step.IsAttempt) line.ByOthers++;
            if (step.Usage?.Org == org) line.ChargedByOthers += step.Charge;
        }

        if (!executors.MightActFor(made.Executor, org, made.At))
        {
            defects.Add(Of(LineageDefectKind.ForeignExecutor, step, org, step.Usage?.Org == org ? [step] : [], right: null,
                $"{Named(step)} of operation {entry.OperationId} has {org}'s envelope {entry.Row.Issuance}; {made.Executor} of {executors.Find(made.Executor)!.Org} carried it out and might not act for {org}"));
        }
    }

    private LineageDefect? Unused(AuditedStep step)
    {
        var (entry, made) = (step.Entry, step.Entry.Row.Step);
        switch (step.Hold)
        {
            case { State: HoldState.Released }:
                return null;
            case { State: HoldState.Open, ExpiresAt: var expires }:
                return expires >= overdue ? null : Of(LineageDefectKind.HoldOpen, step, entry.Org, [], right: null,
                    $"attempt {made.AttemptNo} of operation {entry.OperationId} has no usage, and its hold was to end at {expires} and is open");
            default:
                return Of(LineageDefectKind.WithoutUsage, step, entry.Org, [], right: null,
                    $"attempt {made.AttemptNo} of operation {entry.OperationId} went to {made.Target} at {made.At}, and has neither usage nor a hold that was called off");
        }
    }

    /// <returns>Whether every link holds that can be checked here.</returns>
    private bool Links(AuditedOperation operation, LineageLine line, List<LineageDefect> defects)
    {
        var (isKept, isChecked) = (true, true);
        foreach (var issuance in operation.Steps.GroupBy(step => step.Entry.Row.Issuance, StringComparer.Ordinal))
        {
            var steps = issuance.OrderBy(step => step.Entry.Row.No).ToArray();
            var first = steps[0].Entry;
            var key = keys?.Find(first.KeyId)?.Lineage;
            if (key is null) isChecked = false;
            if (BreakOf(steps, key) is not { } broken) continue;
            isKept = false;
            var from = Array.FindIndex(steps, step => step.Entry.Row.No >= broken.No);
            var after = from < 0 ? [] : steps[from..];
            defects.Add(Of(
                LineageDefectKind.BrokenLinks, from < 0 ? steps[^1] : steps[from], operation.Org, Charged(after, operation.Org), right: null,
                $"the lineage of {operation.Org}'s envelope {first.Row.Issuance} in operation {operation.Id} does not hold from step {broken.No} on: {Flaw(broken.Flaw)}"));
        }

        if (!isChecked) line.Unchecked++;
        return isKept;
    }

    private static LineageBreak? BreakOf(AuditedStep[] steps, byte[]? key)
    {
        var first = steps[0].Entry;
        for (var i = 0; i < steps.Length; i++)
        {
            var entry = steps[i].Entry;
            if (entry.Row.No != i + 1) return new(i + 1, LineageFlaw.Missing);
            if (!entry.TokenSha256.AsSpan().SequenceEqual(first.TokenSha256)) return new(i + 1, LineageFlaw.Changed);
        }

        return key is null ? null : Lineage.Check(key, first.Row.Issuance, first.TokenSha256, [.. steps.Select(step => step.Entry.Row)]);
    }

    /// <returns>Whether all steps carry one envelope.</returns>
    private static bool Envelopes(AuditedOperation operation, List<LineageDefect> defects)
    {
        var first = operation.Steps[0];
        var others = operation.Steps.Where(step => step.Entry.Row.Issuance != first.Entry.Row.Issuance).ToArray();
        if (others.Length == 0) return true;
        var other = others[0];
        defects.Add(Of(
            LineageDefectKind.SeveralEnvelopes, other, operation.Org, Charged(others, operation.Org), right: null,
            $"operation {operation.Id} of {operation.Org} began under envelope {Shown(first)}, and {Named(other)} carries envelope {Shown(other)}"));
        return false;
    }

    /// <returns>Whether no attempt went on under another tenant.</returns>
    private bool Elsewhere(AuditedOperation operation, List<LineageDefect> defects)
    {
        var isKept = true;
        var executing = operation.Steps.Select(step => step.Entry.Row.Step.Executor).ToHashSet(StringComparer.Ordinal);
        foreach (var org in operation.Elsewhere.Where(step => step.IsAttempt).GroupBy(step => step.Entry.Org, StringComparer.Ordinal))
        {
            var isOfExecutor = executing.Any(id => executors.Find(id)?.Org == org.Key);

            // Ids are unique within an org only: another tenant's own operation of that name begins with its first attempt.
            if (!isOfExecutor && org.MinBy(step => step.Entry.Seq)!.Entry.Row.Step.AttemptNo == 1) continue;
            foreach (var step in org.Where(step => isOfExecutor || executing.Contains(step.Entry.Row.Step.Executor)))
            {
                if (step.Usage is not { } usage || usage.Org == operation.Org) continue;
                isKept = false;
                defects.Add(Of(
                    LineageDefectKind.RetriedElsewhere, step, usage.Org, [step], operation.Org,
                    $"operation {operation.Id} was issued for {operation.Org} under envelope {Shown(operation.Steps[0])}, and {step.Entry.Row.Step.Executor} went on with {Named(step)} under {org.Key}'s envelope {Shown(step)}, which {usage.Org} was charged {usage.Charge} for"));
            }
        }

        return isKept;
    }

    private LineageLine LineOf(string org)
    {
        if (!_lines.TryGetValue(org, out var line)) _lines[org] = line = new();
        return line;
    }

    /// <returns>False: it is known already, or there is no room.</returns>
    private bool Remember(string org, string operation)
    {
        if (_withoutStep.Count < RememberedMax) return _withoutStep.Add(HashOf(org, operation));
        if (!_withoutStep.Contains(HashOf(org, operation))) IsAtLeast = true;
        return false;
    }

    private static UInt128 HashOf(string org, string operation) =>
        System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{org}\n{operation}")));

    private static IReadOnlyList<AuditedStep> Charged(IEnumerable<AuditedStep> steps, string org) => [.. steps.Where(step => step.Usage?.Org == org)];

    private static LineageDefect Of(
        LineageDefectKind kind, AuditedStep step, string org, IReadOnlyList<AuditedStep> charged, string? right, string cause) =>
        new(kind, org, step.Entry.OperationId, step, Unlinked: null,
            charged.Count == 0 ? null : charged.Aggregate(Amount.Zero, (sum, one) => sum + one.Charge), right, cause)
        { Charged = charged };

    private static string Named(AuditedStep step) => step.IsAttempt ? $"attempt {step.Entry.Row.Step.AttemptNo}" : $"the hop {step.Entry.Row.Step.Id}";

    /// <summary>The envelope by its issuance and its text's hash: both sides can be compared without the texts.</summary>
    private static string Shown(AuditedStep step) =>
        $"{step.Entry.Row.Issuance} (SHA-256 {Convert.ToHexStringLower(step.Entry.TokenSha256)[..HashShown]}...)";

    private static string Flaw(LineageFlaw flaw) => flaw switch
    {
        LineageFlaw.Missing => "the step is missing",
        LineageFlaw.OtherIssuance => "the step is of another envelope",
        _ => "the step, the one before it or the envelope's text is not what the link was made of",
    };
}
