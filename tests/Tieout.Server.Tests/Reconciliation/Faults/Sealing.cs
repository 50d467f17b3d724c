using Tieout.Core.Ledger;
using Tieout.Core.Metering;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;

namespace Tieout.Server.Tests.Reconciliation.Faults;

/// <summary>Makes CRCs and chain of a changed file whole again, as a writer with a bug would have left them: wrong, and sealed.</summary>
internal static class Sealing
{
    /// <summary>Every CRC, and every link from the first commit on. The derived tables are made to be rebuilt from the rows at the next start.</summary>
    public static void Seal(RawConnection file)
    {
        file.Execute("BEGIN");
        var labels = Rows(file, $"SELECT {RowReads.LabelsColumns} FROM attributions ORDER BY no", s => RowReads.Labels(s)).ToDictionary(
            row => row.No, row => row.Labels);
        UsageLabels Labels(int no) => labels[no];
        var orgs = Rows(file, "SELECT org FROM settings WHERE kind = 0 ORDER BY seq", s => s.Text(0));
        var settings = Rows(file, $"SELECT {RowReads.SettingColumns} FROM settings ORDER BY seq", RowReads.Setting);
        var labelRows = Rows(file, $"SELECT {RowReads.LabelsColumns} FROM attributions ORDER BY no", RowReads.Labels);
        var prices = Rows(file, $"SELECT {RowReads.PriceColumns} FROM prices ORDER BY no", RowReads.Price);
        var commands = Rows(file, $"SELECT {RowReads.CommandColumns} FROM commands ORDER BY posting", RowReads.Command);
        var holds = Rows(file, $"SELECT {RowReads.HoldColumns} FROM holds h ORDER BY h.seq", s => RowReads.Hold(s, Labels));
        var ends = Rows(file,
            $"SELECT e.commit_no, e.state, e.ended_at, {RowReads.HoldColumns} FROM hold_ends e JOIN holds h ON h.seq = e.hold ORDER BY e.commit_no, e.hold",
            s => (Commit: s.Int64(0), End: new HoldEnd(RowReads.Hold(s, Labels, first: 3).Hold, (HoldState)s.Int64(1), RowReads.Time(s, 2), 0)));
        var usage = Rows(file, $"SELECT {RowReads.UsageColumns} FROM usage u ORDER BY u.seq", s => RowReads.Usage(s, Labels));
        var postings = Rows(file, $"SELECT {RowReads.PostingColumns} FROM postings p ORDER BY p.seq",
            s => RowReads.Posting(s, account => orgs[(account - 1) / OrgState.AccountKinds]));
        var findings = Rows(file, $"SELECT {RowReads.FindingColumns} FROM findings ORDER BY seq", RowReads.Finding);
        var outbox = Rows(file, $"SELECT {RowReads.OutboxColumns} FROM outbox ORDER BY seq", RowReads.Outbox);
        var objects = Rows(file, $"SELECT {RowReads.ObjectColumns} FROM objects o ORDER BY o.seq", s => RowReads.Object(s));
        var objectEnds = Rows(file,
            $"SELECT e.commit_no, {RowReads.ObjectEndColumns}, {RowReads.ObjectColumns} FROM object_ends e JOIN objects o ON o.seq = e.object ORDER BY e.commit_no, e.object",
            s => (Commit: s.Int64(0), End: new ObjectEnd(RowReads.Object(s, first: 4), s.Text(1), RowReads.Time(s, 2), 0)));
        var lineage = Rows(file, $"SELECT {RowReads.LineageColumns} FROM lineage ORDER BY seq", RowReads.Lineage);
        var audit = Rows(file, $"SELECT {RowReads.AuditColumns} FROM audit ORDER BY seq", RowReads.Audit);
        var records = Rows(file, $"SELECT {RowReads.RecordColumns} FROM records ORDER BY seq", RowReads.Record);

        using var bytes = new RowBytes();
        void Put(string table, string key, long number, uint crc) => file.Execute($"UPDATE {table} SET crc = {crc} WHERE {key} = {number}");
        var (previous, before) = (new byte[32], default(Sequences));
        foreach (var commit in Rows(file, $"SELECT {RowReads.ChainColumns} FROM chain ORDER BY commit_no", s => RowReads.Chain(s, [])))
        {
            var last = commit.Last;
            bytes.Begin(previous, commit.Commit, commit.RecordedAt);
            foreach (var row in settings.Where(row => row.Seq > before.Setting && row.Seq <= last.Setting)) Put("settings", "seq", row.Seq, bytes.Add(row));
            foreach (var row in labelRows.Where(row => row.No > before.Labels && row.No <= last.Labels)) Put("attributions", "no", row.No, bytes.Add(row));
            foreach (var row in prices.Where(row => row.No > before.Price && row.No <= last.Price)) Put("prices", "no", row.No, bytes.Add(row));
            foreach (var row in commands.Where(row => row.Posting > before.Posting && row.Posting <= last.Posting))
            {
                Put("commands", "posting", row.Posting, bytes.Add(row));
            }

            foreach (var row in holds.Where(row => row.Hold.Seq > before.Hold && row.Hold.Seq <= last.Hold)) Put("holds", "seq", row.Hold.Seq, bytes.Add(row));
            foreach (var (_, end) in ends.Where(row => row.Commit == commit.Commit)) Put("hold_ends", "hold", end.Hold.Seq, bytes.Add(end));
            foreach (var row in usage.Where(row => row.Seq > before.Usage && row.Seq <= last.Usage)) Put("usage", "seq", row.Seq, bytes.Add(row));
            foreach (var row in postings.Where(row => row.Posting.Seq > before.Posting && row.Posting.Seq <= last.Posting))
            {
                Put("postings", "seq", row.Posting.Seq, bytes.Add(row));
            }

            foreach (var row in findings.Where(row => row.Seq > before.Finding && row.Seq <= last.Finding)) Put("findings", "seq", row.Seq, bytes.Add(row));
            foreach (var row in outbox.Where(row => row.Seq > before.Outbox && row.Seq <= last.Outbox)) Put("outbox", "seq", row.Seq, bytes.Add(row));
            foreach (var row in objects.Where(row => row.Seq > before.Object && row.Seq <= last.Object)) Put("objects", "seq", row.Seq, bytes.Add(row));
            foreach (var (_, end) in objectEnds.Where(row => row.Commit == commit.Commit)) Put("object_ends", "object", end.Object.Seq, bytes.Add(end));
            foreach (var row in lineage.Where(row => row.Seq > before.Lineage && row.Seq <= last.Lineage)) Put("lineage", "seq", row.Seq, bytes.Add(row));
            foreach (var row in audit.Where(row => row.Seq > before.Audit && row.Seq <= last.Audit)) Put("audit", "seq", row.Seq, bytes.Add(row));
            foreach (var row in records.Where(row => row.Seq > before.Record && row.Seq <= last.Record)) Put("records", "seq", row.Seq, bytes.Add(row));
            previous = bytes.End();
            file.Execute($"UPDATE chain SET hash = x'{Convert.ToHexString(previous)}' WHERE commit_no = {commit.Commit}");
            before = last;
        }

        file.Execute(
            "DELETE FROM accounts; DELETE FROM windows; DELETE FROM cells; UPDATE checkpoint SET commit_no = 0, posting = 0, first_open_hold = 1; COMMIT");
    }

    public static List<T> Rows<T>(RawConnection file, string sql, Func<IRow, T> read)
    {
        using var s = file.Prepare(sql);
        var rows = new List<T>();
        while (s.Step()) rows.Add(read(s));
        return rows;
    }
}
