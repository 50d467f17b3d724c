using System.Globalization;
using System.Text;
using Tieout.Core.Ledger;
using Tieout.Server.Http;

namespace Tieout.Server.Triage.Packets;

/// <summary><c>README.txt</c>: one page that reads in two minutes. Who was charged what, whether it can be defended, and how to check it.</summary>
internal sealed class PacketPage(
    Dispute dispute, VerdictBody verdict, PolicySnapshotBody policies, EnvelopesBody envelopes, BillingSliceFile billing, IReadOnlyList<CommitBody> commits,
    bool traceLeftOut, OtherTenants others)
{
    private const int AttemptsShown = 12;
    private const int Width = 100;

    private readonly StringBuilder _text = new();

    private string Org => dispute.Org.Org.Id;

    public string Text()
    {
        Title($"Review packet: {dispute.FoundAs.Replace('_', ' ')} {dispute.Id} of {Org}", '=');
        Charged();
        Judged();
        Files();
        Check();
        NotHere();
        return _text.ToString();
    }

    private void Charged()
    {
        Title("The charge", '-');
        var (first, last) = (dispute.From, dispute.Last);
        var operations = dispute.Operations.Count == 1 ? $"the operation {dispute.Operations[0]}" : $"{dispute.Operations.Count} operations";
        var workflow = dispute.Workflows is [var one] ? $" of the workflow {one}" : "";
        Line($"{Org} was charged {dispute.Charged} {dispute.Org.Org.Asset} for {Count(dispute.Attempts.Count, "attempt")} of {operations}{workflow}, made {(first == last ? $"at {first}" : $"from {first} to {last}")}.");
        if (dispute.Line is { } disputed)
        {
            var line = disputed.Line;
            Line($"Line {disputed.No} of the invoice {disputed.Invoice.Number} ({disputed.Invoice.Period}): {line.Name}, {Count(line.Attempts, "attempt")}, {line.Exact} {disputed.Invoice.Asset} exact, shown as {line.Amount}.");
        }

        if (dispute.LeftOut > 0)
        {
            Line($"{dispute.LeftOut} more attempts of the dispute are not in this packet: it holds the first {dispute.Attempts.Count}. List all of them with: {AllOfThem()}");
        }

        _text.Append('\n');
        Row("time (UTC)", "attempt", "model", "tokens in/out", "charged", "usage id");
        foreach (var attempt in dispute.Attempts.Take(AttemptsShown))
        {
            var usage = attempt.Usage?.Usage;
            Row(attempt.At.ToString()[..19].Replace('T', ' '), usage is null ? "none" : $"{usage.AttemptNo}",
                (usage?.Labels ?? attempt.Attempt.Hold!.Scope).Model ?? "none",
                usage is null ? $"hold {SnakeCase.Of(attempt.Attempt.State)}" : $"{usage.Counts.InputTokens}/{usage.Counts.OutputTokens}", attempt.Charged.ToString(),
                attempt.Id);
        }

        if (dispute.Attempts.Count > AttemptsShown) Line($"  and {dispute.Attempts.Count - AttemptsShown} more in dispute.json.");
        foreach (var correction in Corrections().Take(AttemptsShown)) Line(correction);
        foreach (var price in dispute.Attempts.Select(attempt => attempt.Price).OfType<Core.Pricing.ResolvedPrice>().Distinct().Take(5))
        {
            Line($"Price: {price.Provider}/{price.Model} of the list {price.List}, markup {price.Markup.ToString(CultureInfo.InvariantCulture)}. The rates are in dispute.json.");
        }

        var unpriced = dispute.Attempts.Count(attempt => attempt.Usage?.Flags.HasFlag(ChargeFlags.Unpriced) == true);
        if (unpriced > 0) Line($"No price was known for {Count(unpriced, "attempt")}: a charge of 0 is not a price.");
    }

    private IEnumerable<string> Corrections() =>
        from attempt in dispute.Attempts
        from posting in attempt.Records.Postings
        where posting.Row.Reverses > 0
        select $"Corrected: {DisputedAttempt.Signed(posting.Row)} on {posting.Row.RecordedAt} by posting {posting.Row.Seq} ({SnakeCase.Of(posting.Row.Kind)} of {posting.Row.Reverses}): {others.Hidden(posting.Row.Reason ?? "no reason")}.";

    private void Judged()
    {
        Title("Can the charge be defended?", '-');
        Line(verdict.FirstBreak switch
        {
            "P1" => "NO. First break: P1, the boundary. What the guard blocks, or lets through, cannot be relied on.",
            "P2" => "NO. First break: P2, identity propagation. The identity of the operation did not stay what it was issued as.",
            "P3" => "NO. First break: P3, joinability. The charge cannot be joined with telemetry by keys that both books have.",
            _ when verdict.Steps.All(step => step.Verdict == "pass") => "YES. The boundary (P1), identity propagation (P2) and joinability (P3) hold for this dispute.",
            _ => "No break was found. Some questions had nothing to look at; see below.",
        });
        foreach (var step in verdict.Steps)
        {
            _text.Append('\n');
            Line($"{step.Id}  {step.Verdict.Replace('_', ' ').ToUpperInvariant()}  {step.Title} (evidence: {step.Evidence})");
            foreach (var reason in step.Reasons.Take(6)) Line($"    {reason}", "    ");
            if (step.Reasons.Count > 6) Line($"    and {step.Reasons.Count - 6} more in verdict.json.");
            if (step.Fix is { } fix) Line($"    Do first: {fix}{(step.Owner is { } owner ? $" Owner: {owner}." : "")}", "    ");
        }
    }

    private void Files()
    {
        Title("Contents of the packet", '-');
        File("dispute.json", "the disputed usage, prices, holds, postings and corrections");
        File("verdict.json", "the three questions (P1, P2, P3) with reasons and owners, for programs");
        File("policies.json", $"guard policies, overrides and decisions, join contracts and quarantined usage in force at {policies.At}");
        File("envelopes.json", $"{Count(envelopes.Envelopes.Count, "envelope")}: key, issuance, expiry, claims, verification, and every step");
        File("trace.json", $"the workflow as OTLP JSON{(traceLeftOut ? "; not every operation of the workflow had room" : "")}");
        var slice = billing.LeftOut ? $"only the disputed operations: the period has more than {BillingSlice.RowsMax} rows" : Count(billing.Rows, "row");
        File("billing.csv", $"FOCUS rows of {Org} from {billing.From} to before {billing.To} ({slice})");
        File("chain/", $"{Count(commits.Count, "commit")} that hold the rows, and how to check them");
        File(PacketZip.Sums, "SHA-256 of every other file");
        if (billing.LeftOut)
        {
            Line($"All rows of the period: tieout usage {Org} --from {billing.From} --to {billing.To} --format focus");
        }
    }

    private void Check()
    {
        Title("How to check it", '-');
        var complete = commits.Count(commit => commit.Complete);
        Line("1. Files: sha256sum -c SHA256SUMS");
        Line("2. Figures: python3 chain/check.py, or follow chain/HOW-TO-CHECK.txt with any SHA-256 program.");
        const string rest = " The others also hold rows of the platform or of other tenants, of which only the hash is here; HOW-TO-CHECK.txt says who can prove them.";
        Line($"   {complete} of {Count(commits.Count, "commit")} can be computed again from this packet alone.{(complete == commits.Count ? "" : rest)}", "   ");
        var charged = dispute.Attempts.SelectMany(attempt => attempt.Records.Postings).Select(posting => posting.Commit.Commit).ToHashSet();
        var proved = commits.Count(commit => commit.Complete && charged.Contains(commit.Commit));
        Line($"   The charges and corrections are in {Count(charged.Count, "commit")}, of which {proved} can be computed again.", "   ");
        Line("3. Money: the charges in dispute.json, billing.csv (BilledCost) and the postings in chain/ must agree for each usage id.", "   ");
    }

    private void NotHere()
    {
        Title("Not in the packet", '-');
        Line("No prompt, answer, secret, key or signature of an envelope. No row of another tenant; an id of another tenant is written as " + OtherTenants.Instead + ".");
        Line("The packet says what the providers took (ProviderCost). Decide whether the reader may know it before you hand it on.");
    }

    private string AllOfThem()
    {
        if (dispute.Line is not { } disputed) return $"tieout operation {dispute.Id} --org {Org}";
        var (line, invoice) = (disputed.Line, disputed.Invoice);
        var labels = string.Concat(new[] { ("project", line.Project), ("provider", line.Provider), ("model", line.Model) }
            .Where(label => label.Item2 is not null).Select(label => $" --{label.Item1} {label.Item2}"));
        return $"tieout usage {Org} --from {Core.Instant.From(invoice.From)} --to {Core.Instant.From(invoice.To)}{labels} --source {SnakeCase.Of(line.Source)} --format csv";
    }

    private void Row(string time, string no, string model, string tokens, string charged, string id) =>
        _text.Append(CultureInfo.InvariantCulture, $"  {time,-19}  {no,7}  {model,-20}  {tokens,13}  {charged,14}  {id}\n");

    private void File(string name, string what) => Line($"{name,-15} {what}", new string(' ', 16));

    private void Title(string title, char under)
    {
        if (_text.Length > 0) _text.Append('\n');
        var clean = Clean(title);
        _text.Append(clean).Append('\n').Append(under, clean.Length).Append('\n');
    }

    /// <summary>A sentence on lines that fit a screen.</summary>
    /// <param name="indent">Of the lines after the first.</param>
    private void Line(string sentence, string indent = "")
    {
        var clean = Clean(sentence);
        while (clean.Length > Width && clean.LastIndexOf(' ', Width, Width - indent.Length) is var cut && cut > indent.Length)
        {
            _text.Append(clean, 0, cut).Append('\n');
            clean = indent + clean[(cut + 1)..];
        }

        _text.Append(clean).Append('\n');
    }

    private static string Count(long count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {what}{(count == 1 ? "" : "s")}");

    /// <summary>Text from outside must not make lines of its own.</summary>
    private static string Clean(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}
