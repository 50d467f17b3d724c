using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Archive;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Verification;

namespace Tieout.Storage.Reconciliation;

/// <summary>Writes a damaged row back from a backup. It is written only if its bytes make the chain's hash again, so nothing can be changed this way.</summary>
public static class RowRestore
{
    private static readonly Dictionary<string, string> Keys = ArchiveTable.All.ToDictionary(
        table => table.Name, table => table.Number, StringComparer.Ordinal);

    /// <param name="folder">The data folder; no server may have it.</param>
    /// <param name="finding">The id of a <c>hash_break</c>.</param>
    /// <param name="backup">A file that <c>backup</c> wrote.</param>
    /// <param name="dryRun">Only find out.</param>
    /// <returns>What was, or would be, written back.</returns>
    /// <exception cref="DataFolderInUseException">A server has the folder.</exception>
    /// <exception cref="StoreUnavailableException">There is no such finding, no such backup, or its row is not the one that was written. Nothing was
    /// changed.</exception>
    public static string Run(string folder, string finding, string backup, bool dryRun)
    {
        if (!File.Exists(backup)) throw Refused($"The backup {backup} does not exist.");
        using var claimed = DataFolder.Claim(folder);
        using var file = RawConnection.Open(claimed.Database);
        var tables = new SqliteTables(file);
        var damages = DamagedRows.Explain(new([], [], 0, 0, 0), DamagedRows.Find(tables), tables).Findings;
        var damage = damages.FirstOrDefault(one => one.Id == finding) ?? throw Refused($"No row is damaged that '{finding}' names.");
        var row = (Repair.RestoreRow)damage.Repair;
        if (!Keys.TryGetValue(row.Table, out var key) || !long.TryParse(row.Row, out var number))
        {
            throw Refused($"{row.Table} {row.Row} cannot be written back by itself: restore the whole backup.");
        }

        using (var attach = file.Prepare("ATTACH ? AS backup"))
        {
            attach.Bind(1, Path.GetFullPath(backup));
            attach.Run();
        }

        file.Execute("BEGIN IMMEDIATE");
        try
        {
            file.Execute(
                $"DELETE FROM main.{row.Table} WHERE {key} = {number}; INSERT INTO main.{row.Table} SELECT * FROM backup.{row.Table} WHERE {key} = {number}");
            var left = DamagedRows.Find(tables).Select(one => ((Repair.RestoreRow)one.Repair).ToString()).ToHashSet(StringComparer.Ordinal);
            if (left.Contains(row.ToString()) || left.Count >= damages.Count)
            {
                throw Refused($"The backup's {row.Table} {row.Row} does not make the chain's hash again: it is not the row that was written.");
            }

            if (!dryRun) file.Execute("COMMIT");
        }
        finally
        {
            file.RollBack();
        }

        return $"{row.Table} {row.Row} {(dryRun ? "would be" : "is")} as it was written";
    }

    private static StoreUnavailableException Refused(string why) => new(why, StoreEffect.None, StoreFault.NotWritable);
}
