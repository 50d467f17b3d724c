using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tieout.Core.Money;

namespace Tieout.Core.Ledger;

/// <summary>When a command that moves money by hand needs a second person, and the proposal that is recorded then instead.</summary>
/// <param name="Above">A command that moves more than this is proposed, not carried out.</param>
/// <param name="ProposalId">The id of the proposal, should one be needed.</param>
/// <param name="Reason">Why the money is moved. Stored with the proposal.</param>
/// <param name="ValidFor">How long another person may approve the proposal.</param>
public sealed record ApprovalTerms(Amount Above, string ProposalId, string Reason, TimeSpan ValidFor);

/// <summary>A command that moves money by hand and waits for a second person. Stored once, as an object of the org; its end says who decided.</summary>
/// <param name="Content">The canonical text of the command: what is approved is exactly this (see <see cref="CommandText"/>).</param>
/// <param name="Moves">What the command moves; null: it has no amount, such as a price policy.</param>
/// <param name="By">The token or key that proposes it.</param>
/// <param name="Person">The person behind it (<see cref="AuditAction.Person"/>).</param>
public sealed record Proposal(string Org, string Id, string Content, Amount? Moves, string Reason, string By, string Person, Instant ExpiresAt)
{
    /// <summary>SHA-256 of everything that the proposal says, in hexadecimal: an approval names it.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Org}\n{Id}\n{By}\n{Body}")));

    internal string Body => Details.Write(json =>
    {
        json.WriteString("moves", Moves?.ToString());
        json.WriteString("reason", Reason);
        if (Person != By) json.WriteString("person", Person);
        json.WriteNumber("expires_at_us", ExpiresAt.UnixMicros);
        json.WritePropertyName("content");
        json.WriteRawValue(Content, skipInputValidation: true);
    });

    /// <summary>Back from the stored object.</summary>
    public static Proposal Of(ProviderObject stored)
    {
        using var json = JsonDocument.Parse(stored.Body);
        var root = json.RootElement;
        var moves = root.GetProperty("moves").GetString() is { } text ? Amount.Parse(text) : (Amount?)null;
        return new(
            stored.Org, stored.Id, root.GetProperty("content").GetRawText(), moves, root.GetProperty("reason").GetString()!, stored.Key,
            root.TryGetProperty("person", out var person) ? person.GetString()! : stored.Key,
            new(root.GetProperty("expires_at_us").GetInt64()));
    }

    internal ProviderObject Stored => new(Org, ObjectKind.Proposal, Id, By, Attempt: null, OperationId: null, IsPending: true, Body);
}

/// <summary>How a proposal was decided.</summary>
/// <param name="Approved">False: it was rejected.</param>
/// <param name="By">Who decided.</param>
/// <param name="Reason">Why it was rejected; null: it was approved.</param>
/// <param name="Posting">The posting or setting that the approved command made; 0: none.</param>
public sealed record ProposalEnd(bool Approved, string By, string? Reason, long Posting)
{
    internal string Body => Details.Write(json =>
    {
        json.WriteString("decision", Approved ? "approved" : "rejected");
        json.WriteString("by", By);
        if (Reason is not null) json.WriteString("reason", Reason);
        if (Posting != 0) json.WriteNumber("posting", Posting);
    });

    /// <summary>Back from the end of the stored object.</summary>
    public static ProposalEnd Of(ObjectEnd end)
    {
        using var json = JsonDocument.Parse(end.Body);
        var root = json.RootElement;
        return new(
            root.GetProperty("decision").ValueEquals("approved"), root.GetProperty("by").GetString()!,
            root.TryGetProperty("reason", out var reason) ? reason.GetString() : null,
            root.TryGetProperty("posting", out var posting) ? posting.GetInt64() : 0);
    }
}
