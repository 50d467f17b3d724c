using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Tieout.Core.Ledger;

namespace Tieout.Core.Attribution;

/// <summary>What happened to an operation's envelope: attempts and hops, appended only, in a hash chain of its own bound to the issuance.</summary>
/// <remarks>
/// L₀ = HMAC(k, context, issuance, SHA-256 of the token); Lₙ = HMAC(k, Lₙ₋₁, issuance, n, fields). Fields are length-prefixed, never joined, so
/// no two steps have the same bytes. The token's hash in L₀ is what makes A1 checkable: another text for the same issuance is another lineage.
/// </remarks>
public static class Lineage
{
    private const string Context = "tieout/lineage/v1";

    /// <summary>The link that everything of an issuance hangs on.</summary>
    /// <param name="key"><see cref="KeyMaterial.Lineage"/> of the key that signed the token.</param>
    public static byte[] Root(ReadOnlySpan<byte> key, string issuance, string token) => Root(key, issuance, HashOf(token));

    /// <param name="tokenSha256">See <see cref="HashOf"/>.</param>
    /// <inheritdoc cref="Root(ReadOnlySpan{byte}, string, string)"/>
    public static byte[] Root(ReadOnlySpan<byte> key, string issuance, ReadOnlySpan<byte> tokenSha256)
    {
        var fields = new LineageFields(Context.Length, issuance.Length);
        fields.Add(Context);
        fields.Add(issuance);
        fields.Add(tokenSha256);
        return fields.Authenticate(key);
    }

    /// <summary>SHA-256 of a token's text: by it every row says which text it was made with, without keeping what could be presented again.</summary>
    public static byte[] HashOf(string token)
    {
        var ascii = ArrayPool<byte>.Shared.Rent(token.Length);
        var hash = SHA256.HashData(ascii.AsSpan(0, Encoding.ASCII.GetBytes(token, ascii)));
        ArrayPool<byte>.Shared.Return(ascii);
        return hash;
    }

    /// <summary>The next row after <paramref name="previous"/>.</summary>
    /// <param name="previous">The last link so far; of a new lineage its <see cref="Root(ReadOnlySpan{byte}, string, string)"/>.</param>
    /// <param name="no">From 1.</param>
    public static LineageRow Append(ReadOnlySpan<byte> key, string issuance, ReadOnlySpan<byte> previous, int no, LineageStep step) =>
        new(issuance, no, step, Link(key, issuance, previous, no, step));

    /// <summary>Checks a whole lineage and names the first row that is not what was appended.</summary>
    /// <param name="rows">By number, from 1.</param>
    /// <param name="head">The last link, as known from elsewhere; null: unknown, and then rows missing at the end cannot show.</param>
    /// <returns>Null: every link holds.</returns>
    public static LineageBreak? Check(ReadOnlySpan<byte> key, string issuance, string token, IReadOnlyList<LineageRow> rows, byte[]? head = null) =>
        Check(key, issuance, HashOf(token), rows, head);

    /// <param name="tokenSha256">See <see cref="HashOf"/>.</param>
    /// <inheritdoc cref="Check(ReadOnlySpan{byte}, string, string, IReadOnlyList{LineageRow}, byte[])"/>
    public static LineageBreak? Check(
        ReadOnlySpan<byte> key, string issuance, ReadOnlySpan<byte> tokenSha256, IReadOnlyList<LineageRow> rows, byte[]? head = null)
    {
        var previous = Root(key, issuance, tokenSha256);
        for (var i = 0; i < rows.Count; i++)
        {
            var (row, no) = (rows[i], i + 1);
            if (row.Issuance != issuance) return new(no, LineageFlaw.OtherIssuance);
            if (row.No != no) return new(no, LineageFlaw.Missing);
            if (!CryptographicOperations.FixedTimeEquals(Link(key, issuance, previous, no, row.Step), row.Link)) return new(no, LineageFlaw.Changed);
            previous = row.Link;
        }

        return head is null || CryptographicOperations.FixedTimeEquals(head, previous) ? null : new(rows.Count + 1, LineageFlaw.Missing);
    }

    private static byte[] Link(ReadOnlySpan<byte> key, string issuance, ReadOnlySpan<byte> previous, int no, LineageStep step)
    {
        var fields = new LineageFields(issuance.Length, step.Id.Length, step.Executor.Length, step.Target.Length);
        fields.Add(previous);
        fields.Add(issuance);
        fields.Add(no);
        fields.Add((long)step.Kind);
        fields.Add(step.Id);
        fields.Add(step.AttemptNo);
        fields.Add(step.Executor);
        fields.Add(step.Target);
        fields.Add(step.At.UnixMicros);
        return fields.Authenticate(key);
    }
}

/// <summary>The first row of a lineage that does not hold.</summary>
public sealed record LineageBreak(int No, LineageFlaw Flaw);

public enum LineageFlaw
{
    /// <summary>The row, the one before it, or the token is not what the link was made of.</summary>
    Changed = 1,

    /// <summary>The row that should be here is not.</summary>
    Missing,
    OtherIssuance,
}
