using System.Text.Json;
using System.Text.Json.Serialization;
using Tieout.Core;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Core.Money;
using Tieout.Core.Reconciliation.SelfCheck;
using Tieout.Storage.Rows;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Rows;

namespace Tieout.Storage.Sqlite;

/// <summary>The tables written behind: accounts, windows, cells, and up to which commit they hold.</summary>
internal sealed class CheckpointTables(RawConnection connection) : IDisposable
{
    private readonly RowInsert<AccountsTable, Account> _account = new(connection, insert: "INSERT OR REPLACE");
    private readonly RowInsert<WindowsTable, BudgetWindow> _window = new(connection, insert: "INSERT OR REPLACE");
    private readonly RawStatement _checkpoint = connection.Prepare("UPDATE checkpoint SET commit_no = ?, posting = ?, first_open_hold = ?");
    // Counts of 64 bits are added by SQLite, sums by the program: see wide_sum.
    private readonly RowInsert<CellsTable, CellChange> _cell = new(connection, AddedColumns<CellsTable, CellChange>.OnConflict(AddingSql.Sqlite));

    /// <summary>In the caller's transaction.</summary>
    /// <exception cref="StoreUnavailableException">A row cannot be written; the message names it.</exception>
    public void Write(Pending pending, Sequences last, long firstOpenHold)
    {
        object? at = null;
        try
        {
            foreach (var account in pending.Accounts.Values) _account.Write((Account)(at = account));
            foreach (var window in pending.Windows.Values) _window.Write((BudgetWindow)(at = window));
            foreach (var cell in pending.Cells.Values) _cell.Write((CellChange)(at = cell));
        }
        catch (Exception broken) when (broken is not StoreUnavailableException)
        {
            throw new StoreUnavailableException(
                $"The figures of {Name(at)} cannot be written: {broken.Message}", StoreEffect.None, StoreFault.ReadOnly, broken);
        }

        Advance(last, firstOpenHold);
    }

    public void Advance(Sequences last, long firstOpenHold)
    {
        _checkpoint.Bind(1, last.Commit);
        _checkpoint.Bind(2, last.Posting);
        _checkpoint.Bind(3, firstOpenHold);
        _checkpoint.Run();
    }

    public void Write(BudgetWindow window) => _window.Write(window);

    /// <summary>Takes a drift off a figure. What is in memory is newer than the file wherever both have it.</summary>
    public void Repair(Book book, FigureDrift drift)
    {
        switch (drift)
        {
            case FigureDrift.OfAccount of:
                var account = book.Account(of.Expected.No).Copy();
                var off = of.Shown ?? of.Stored;
                (account.Debits, account.Credits, account.Held, account.Version) = (account.Debits - off.Debits, account.Credits - off.Credits,
                    account.Held - off.Held, account.Version - off.Version);
                if (off == default) account.Grants = of.Expected.Grants;
                _account.Write(account);
                break;
            case FigureDrift.OfWindow { Expected.Key: var key } of:
                var inMemory = of.Shown is null ? null : book.Window(key);
                var window = inMemory?.Copy() ?? Stored(key) ?? new BudgetWindow(key, of.Expected.End);
                var by = inMemory is null ? of.Stored : of.Shown!.Value;
                (window.Posted, window.Held) = (window.Posted - by.Posted, window.Held - by.Held);
                _window.Write(window);
                break;
            case FigureDrift.OfCell { Expected.Key: var cell, Stored: var columns }:
                // What is written is added, so this leaves nothing.
                _cell.Write(CellChange.Of(cell, [.. columns.Select(static figure => -figure)]));
                break;
        }
    }

    private BudgetWindow? Stored(WindowKey key)
    {
        using var s = connection.Prepare($"SELECT {RowReads.WindowColumns} FROM windows WHERE budget = ? AND start_at = ? AND each = ?");
        s.Bind(1, key.Budget);
        s.Bind(2, key.Start.UnixMicros);
        s.Bind(3, key.Each ?? "");
        return s.Step() ? RowReads.Window(s) : null;
    }

    public const string AccountColumns = "no, debits, credits, version, grants";

    /// <summary>Takes into <paramref name="book"/> an account as of the checkpoint, holds left out: those are counted from the open holds.</summary>
    public static void RecallAccount(RawStatement s, Book book)
    {
        var account = book.Account(RowReads.Int32(s, 0)).Copy();
        account.Debits = s.Amount(1);
        account.Credits = s.Amount(2);
        account.Held = Amount.Zero;
        account.Version = s.Int64(3);
        account.Grants = [.. ReadGrants(s.Text(4))];
        book.Recall(account);
    }

    public void Dispose()
    {
        _account.Dispose();
        _window.Dispose();
        _checkpoint.Dispose();
        _cell.Dispose();
    }

    public static IEnumerable<GrantLot> ReadGrants(string json) =>
        JsonSerializer.Deserialize(json, GrantJson.Default.StoredGrantArray)!.Select(grant =>
            new GrantLot(
                grant.Id, grant.Priority, grant.ExpiresAtUs is { } micros ? new Instant(micros) : null, new(grant.GrantedNanos), new(grant.LeftNanos)));

    public static string WriteGrants(Account account) => account.Grants.Length == 0 ? "[]" : JsonSerializer.Serialize(
        account.Grants.Select(lot => new StoredGrant(lot.Id, lot.Priority, lot.ExpiresAt?.UnixMicros, lot.Granted.Nanos, lot.Left.Nanos)).ToArray(),
        GrantJson.Default.StoredGrantArray);

    private static string Name(object? figure) => figure switch
    {
        Account account => $"account {account.No} of org '{account.Org}'",
        BudgetWindow window => $"the window of budget {window.Key.Budget} from {window.Key.Start}",
        CellChange cell => $"the cell of hour {cell.Key.Hour} and attribution {cell.Key.Labels}",
        _ => "the checkpoint",
    };
}

internal sealed record StoredGrant(string Id, int Priority, long? ExpiresAtUs, Int128 GrantedNanos, Int128 LeftNanos);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(StoredGrant[]))]
internal sealed partial class GrantJson : JsonSerializerContext;
