using Tieout.Core.Attribution;
using Tieout.Core.Ledger;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Verification;

/// <summary>Every issuance has one unbroken lineage by one text of its envelope (A1): its numbers and text always, its links where the secret is at
/// hand.</summary>
internal static class LineageCheck
{
    /// <summary>What links are checked with; null: there is no secret here.</summary>
    /// <param name="tables">Those that the platform's own settings are in.</param>
    public static KeyRing? Keys(ILedgerTables tables, EnvelopeSecret? secret)
    {
        if (secret is null) return null;
        var keys = new List<EnvelopeKey>();
        using var s = tables.Select($"SELECT {RowReads.SettingColumns} FROM settings WHERE kind = {(int)SettingKind.EnvelopeKey} ORDER BY seq");
        while (s.Step()) keys.Add(EnvelopeKey.Parse(RowReads.Setting(s).Body));
        return new(keys, secret);
    }

    public static void Run(ILedgerTables tables, KeyRing? keys, Findings findings)
    {
        var rows = new List<LineageEntry>();
        using var pages = tables.Pages(new(RowReads.LineageColumns, "lineage", "seq", Order: "operation_id, org, issuance_id, no"));
        while (pages.Next(Add))
        {
        }

        if (rows.Count > 0) Check(rows, keys, findings);

        bool Add(IRow row)
        {
            var entry = RowReads.Lineage(row);
            if (rows.Count > 0 && !IsSameIssuance(rows[^1], entry))
            {
                Check(rows, keys, findings);
                rows.Clear();
            }

            rows.Add(entry);
            return true;
        }
    }

    private static void Check(List<LineageEntry> rows, KeyRing? keys, Findings findings)
    {
        var first = rows[0];
        for (var i = 0; i < rows.Count; i++)
        {
            var entry = rows[i];
            findings.Check(
                "A1", entry.Row.No == i + 1, $"lineage {entry.Seq}: no. {entry.Row.No} of issuance {entry.Row.Issuance}, where no. {i + 1} should be.");
            findings.Check("A1", entry.TokenSha256.AsSpan().SequenceEqual(first.TokenSha256),
                $"lineage {entry.Seq}: issuance {entry.Row.Issuance} has another text here than at its beginning.");
        }

        if (keys?.Find(first.KeyId)?.Lineage is not { } key) return;
        var broken = Lineage.Check(key, first.Row.Issuance, first.TokenSha256, [.. rows.Select(entry => entry.Row)]);
        findings.Check("A1", broken is null,
            $"lineage {(broken is null ? first.Seq : rows[Math.Min(broken.No, rows.Count) - 1].Seq)}: the links of issuance {first.Row.Issuance} do not hold from no. {broken?.No} on ({broken?.Flaw}).");
    }

    private static bool IsSameIssuance(LineageEntry left, LineageEntry right) =>
        (left.Org, left.OperationId, left.Row.Issuance) == (right.Org, right.OperationId, right.Row.Issuance);
}
