using Tieout.Core.Attribution;
using Tieout.Core.Budgets;
using Tieout.Core.Ledger;
using Tieout.Core.Money;
using Tieout.Storage.Sqlite.Native;
using Tieout.Storage.Sqlite.Rows;

namespace Tieout.Storage.Sqlite.Verification;

/// <summary>Proves a data folder right or names what is wrong in it: everything recomputed from usage and postings alone.</summary>
public static class SqliteVerification
{
    /// <summary>Only reads. A ledger that is in use may be verified too: what is looked at is one commit's state.</summary>
    /// <exception cref="StoreUnavailableException">There is no ledger in the folder, or it cannot be read.</exception>
    /// <param name="secret">With it the links of lineages are checked, too; null: their numbers and texts only.</param>
    public static VerificationReport Run(string folder, EnvelopeSecret? secret = null)
    {
        var file = DataFolder.DatabaseIn(folder);
        if (!File.Exists(file)) throw new StoreUnavailableException($"There is no ledger in {folder}.", StoreEffect.None, StoreFault.NotWritable);
        var findings = new Findings("file", "refs", "L1", "L2", "L4", "L5", "L7", "L8", "B1", "B2", "M1", "M3", "I1", "A1", "cells");
        Guarded(findings, file, () =>
        {
            using var connection = RawConnection.Open(file, readOnly: true);
            connection.Execute("BEGIN");
            CheckFile(connection, findings);
            Guarded(findings, file, () => CheckRows(connection, secret, findings));
        });
        return findings.Report;
    }

    /// <summary>A damaged file is a finding, not a crash.</summary>
    private static void Guarded(Findings findings, string file, Action check)
    {
        try
        {
            check();
        }
        catch (StoreCorruptException damaged)
        {
            findings.Broken("file", $"{file} is damaged: {damaged.Message}");
        }
        catch (Exception unreadable) when (unreadable is not (StoreUnavailableException or OutOfMemoryException))
        {
            // The rows contradict each other so much that going on makes no sense; which one is wrong is said by L8 and refs.
            findings.Broken("file", $"{file} cannot be followed to its end: {unreadable.Message}");
        }
    }

    private static void CheckFile(RawConnection connection, Findings findings)
    {
        using var s = connection.Prepare("PRAGMA integrity_check(100)");
        while (s.Step())
        {
            var answer = s.Text(0);
            findings.Check("file", answer == "ok", $"{answer}");
        }
    }

    private static void CheckRows(RawConnection connection, EnvelopeSecret? secret, Findings findings)
    {
        var schema = Schema.Version(connection);
        findings.Check("file", schema == Schema.Newest, $"the file has schema {schema}, this program knows {Schema.Newest}; a newer program reads it, a start of this one brings an older file up to it.");
        var standing = new Standing(connection, findings);
        var checkpoint = connection.ReadInt64("SELECT commit_no FROM checkpoint");
        using (var chain = new ChainCheck(connection, standing, findings))
        {
            if (checkpoint == 0) CheckCheckpoint(connection, standing, findings, postings: 0);
            chain.Run(commit =>
            {
                if (commit.Commit == checkpoint) CheckCheckpoint(connection, standing, findings, commit.Last.Posting);
            });
        }

        LineageCheck.Run(connection, secret is null ? null : new KeyRing(standing.EnvelopeKeys, secret), findings);
        standing.Finish(connection);
        standing.Dispose();
    }

    /// <summary>Accounts, windows and cells in the file against what the rows up to the same commit come to.</summary>
    private static void CheckCheckpoint(RawConnection connection, Standing standing, Findings findings, long postings)
    {
        var (posting, firstOpenHold) = (connection.ReadInt64("SELECT posting FROM checkpoint"), connection.ReadInt64("SELECT first_open_hold FROM checkpoint"));
        findings.Check("file", posting == postings, $"checkpoint: it holds postings up to {posting}; its commit ends at {postings}.");
        findings.Check("file", standing.FirstOpenHold is not { } open || firstOpenHold <= open, $"checkpoint: hold {standing.FirstOpenHold} is open and lies before {firstOpenHold}.");
        CheckAccounts(connection, standing, findings);
        CheckWindows(connection, standing, findings);
        CheckCells(connection, standing, findings);
    }

    private static void CheckAccounts(RawConnection connection, Standing standing, Findings findings)
    {
        var expected = new Dictionary<int, Account>(standing.Again.Accounts);
        using var s = connection.Prepare("SELECT no, org, debits, credits, held, version, grants FROM accounts");
        while (s.Step())
        {
            var no = RowReads.Int32(s, 0);
            if (!expected.Remove(no, out var account)) account = standing.Book.Accounts.GetValueOrDefault(no);
            var balance = new Amount(s.Int64(3)) - new Amount(s.Int64(2));
            findings.Check(
                "L4", account is not null && (account.Debits.Nanos, account.Credits.Nanos, account.Version) == (s.Int64(2), s.Int64(3), s.Int64(5))
                    && account.Grants.SequenceEqual(CheckpointTables.ReadGrants(s.Text(6))),
                $"accounts {no} ({s.Text(1)}): balance {balance}, its entries come to {account?.Balance}.");
            findings.Check("L5", account?.Held.Nanos == s.Int64(4), $"accounts {no} ({s.Text(1)}): {new Amount(s.Int64(4))} held, its open holds come to {account?.Held}.");
        }

        // A hold that came and went leaves an account that nothing was ever posted to.
        foreach (var account in expected.Values)
        {
            findings.Check("L4", account.Version == 0 && account.Held == Amount.Zero, $"accounts {account.No} ({account.Org}) is missing; its entries come to {account.Balance}.");
        }
    }

    private static void CheckWindows(RawConnection connection, Standing standing, Findings findings)
    {
        var expected = new Dictionary<WindowKey, BudgetWindow>(standing.Again.Windows);
        using var s = connection.Prepare($"SELECT {RowReads.WindowColumns} FROM windows");
        while (s.Step())
        {
            var stored = RowReads.Window(s);
            expected.Remove(stored.Key, out var window);
            findings.Check(
                "B2", (window?.Posted ?? Amount.Zero, window?.Held ?? Amount.Zero) == (stored.Posted, stored.Held),
                $"windows {stored.Key}: {stored.Posted} posted and {stored.Held} held, the charges and holds in it come to {window?.Posted} and {window?.Held}.");
        }

        foreach (var window in expected.Values)
        {
            findings.Check("B2", window.Spoken == Amount.Zero, $"windows {window.Key} is missing; the charges in it come to {window.Posted}.");
        }
    }

    private static void CheckCells(RawConnection connection, Standing standing, Findings findings)
    {
        var expected = new Dictionary<CellKey, CellChange>(standing.Again.Cells);
        using var s = connection.Prepare(
            "SELECT hour, attribution, attempts, failures, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, provider_cost, charge FROM cells");
        while (s.Step())
        {
            var key = new CellKey(s.Int64(0), RowReads.Int32(s, 1));
            expected.Remove(key, out var cell);
            cell ??= new(key);
            ReadOnlySpan<long> sums =
            [
                cell.Attempts, cell.Failures, cell.InputTokens, cell.CacheReadTokens, cell.CacheWriteTokens, cell.OutputTokens, cell.ReasoningTokens,
                cell.ProviderCost.Nanos, cell.Charge.Nanos,
            ];
            var same = true;
            for (var i = 0; i < sums.Length; i++) same &= sums[i] == s.Int64(i + 2);
            findings.Check("cells", same, $"cells {key}: charge {new Amount(s.Int64(10))}, its rows come to {cell.Charge}.");
        }

        foreach (var cell in expected.Values) findings.Broken("cells", $"cells {cell.Key} is missing; its rows come to {cell.Charge}.");
    }
}
