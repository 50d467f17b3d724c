using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Core.Money;

namespace Tieout.Core.Invoicing;

/// <summary>An invoice as it was issued. Kept as it is; whatever is said later is said by a credit note or the next invoice.</summary>
/// <param name="Number"><c>INV-000001</c>, without gaps within the org.</param>
/// <param name="Period"><c>2026-11</c>.</param>
/// <param name="Decimals">Of the currency's minor unit: what <paramref name="Net"/> and the lines' amounts are rounded to.</param>
/// <param name="Exact">What the balance moved by charges (I1), to the nano-unit.</param>
/// <param name="Net">The same, rounded once. The lines' amounts sum to it.</param>
/// <param name="Total">Net and taxes.</param>
public sealed record FinalInvoice(
    string Number, string Org, string Asset, string Period, string TimeZone, DateTimeOffset From, DateTimeOffset To, DateTimeOffset IssuedAt, int Decimals,
    ImmutableArray<FinalLine> Lines, Amount Exact, Amount Net, ImmutableArray<TaxLine> Taxes, Amount Total, FinalStatement Statement, ChainPoint? Proof)
{
    public static NumberSequence Numbers { get; } = new("INV-", 6);

    /// <param name="proofs">The postings that each line sums, and where they stand in the hash chain.</param>
    /// <param name="proof">Where the statement's last posting stands; null: there is none.</param>
    public static FinalInvoice Of(
        Invoice invoice, string number, DateTimeOffset issuedAt, IEnumerable<TaxRate> taxes, Func<InvoiceLine, LineProof> proofs, ChainPoint? proof)
    {
        var decimals = MinorUnit.Decimals(invoice.Org.Asset);
        var net = MinorUnit.Round(invoice.TotalCharges.ToDecimal(), decimals);
        var unit = MinorUnit.Nanos(decimals);
        var shares = LargestRemainder.Share(net.Nanos / unit, [.. invoice.Lines.Select(line => line.Total.Nanos)], unit);
        var lines = invoice.Lines.Select((line, i) => FinalLine.Of(line, new Amount(shares[i] * unit), proofs(line))).ToImmutableArray();
        Invariant.Holds(Amount.Sum(lines.Select(line => line.Amount)) == net && Amount.Sum(lines.Select(line => line.Exact)) == invoice.TotalCharges, "I1");
        ImmutableArray<TaxLine> taxed = [.. taxes.Select(tax => tax.On(net, decimals))];
        var statement = invoice.Statement;
        return new(
            number, invoice.Org.Id, invoice.Org.Asset, invoice.Period.ToString(), invoice.Org.TimeZone, statement.From.ToDateTimeOffset(),
            statement.To.ToDateTimeOffset(),
            issuedAt, decimals, lines, invoice.TotalCharges, net, taxed, net + Amount.Sum(taxed.Select(tax => tax.Amount)), FinalStatement.Of(statement),
            proof);
    }

    /// <summary>What this and another making of the same invoice differ in; empty: nothing.</summary>
    public IEnumerable<string> Differences(FinalInvoice again)
    {
        if (Exact != again.Exact) yield return $"the charges of the period come to {again.Exact}, not {Exact}";
        if (Net != again.Net) yield return $"the net is {again.Net}, not {Net}";
        if (Total != again.Total || !Taxes.SequenceEqual(again.Taxes)) yield return $"with taxes it comes to {again.Total}, not {Total}";
        if (Lines.Length != again.Lines.Length) yield return $"there are {again.Lines.Length} lines, not {Lines.Length}";
        foreach (var (before, now) in Lines.Zip(again.Lines))
        {
            if (before with { Proof = now.Proof } != now)
            {
                yield return $"the line {before.Name} comes to {now.Exact} over {now.Attempts} attempts, not {before.Exact} over {before.Attempts}";
            }
            else if (before.Proof != now.Proof)
            {
                yield return $"the line {before.Name} rests on postings {now.Proof}, not {before.Proof}";
            }
        }

        if (Statement != again.Statement) yield return "the balance moved otherwise than its statement says";
        if (Proof != again.Proof) yield return $"the chain has another hash where the statement ends: {again.Proof}, not {Proof}";
    }

    public string ToJson() => JsonSerializer.Serialize(this, InvoicingJson.Default.FinalInvoice);

    /// <exception cref="JsonException">Not a final invoice.</exception>
    public static FinalInvoice Parse(string json) =>
        JsonSerializer.Deserialize(json, InvoicingJson.Default.FinalInvoice) ?? throw new JsonException("An invoice is null.");
}

/// <param name="Exact">Charges and corrections, to the nano-unit.</param>
/// <param name="Amount">Rounded so that all lines sum to the net.</param>
public sealed record FinalLine(
    string? Project, string? Provider, string? Model, UsageSource Source, long Attempts, Int128 InputTokens, Int128 OutputTokens,
    Amount Exact, Amount Corrections, Amount Amount, LineProof Proof)
{
    [JsonIgnore]
    public string Name => $"{Project ?? UsageLabels.Unattributed}/{Provider ?? "(none)"}/{Model ?? "(none)"}/{Source}";

    public static FinalLine Of(InvoiceLine line, Amount amount, LineProof proof) => new(
        line.Project, line.Provider, line.Model, line.Source, line.Attempts, line.InputTokens, line.OutputTokens, line.Total, line.Corrections, amount, proof);
}

/// <summary>The postings that a line sums lie from the first to the last, both included; the hashes bind them and everything before.</summary>
public sealed record LineProof(long FirstPosting, long LastPosting, ChainPoint First, ChainPoint Last)
{
    public override string ToString() => $"{FirstPosting} ({First}) to {LastPosting} ({Last})";
}

/// <summary>One commit and its link of the hash chain, in hexadecimal.</summary>
public sealed record ChainPoint(long Commit, string Hash)
{
    public override string ToString() => $"commit {Commit} {(Hash.Length > 12 ? Hash[..12] : Hash)}";
}

/// <inheritdoc cref="Statement"/>
public sealed record FinalStatement(
    Amount Opening, Amount TopUps, Amount Grants, Amount GrantsExpired, Amount Charges, Amount Corrections, Amount Closing, long LastPosting)
{
    public static FinalStatement Of(Statement statement) => new(
        statement.Opening, statement.TopUps, statement.Grants, statement.GrantsExpired, statement.Charges, statement.Corrections, statement.Closing,
        statement.LastPosting);
}
